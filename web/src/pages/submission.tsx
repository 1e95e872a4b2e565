// One submission: live while it is graded, then its result, at the same address.
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import * as api from '../api';
import { moment } from '../format';
import { failed, ready, waiting, type Load } from '../load';
import { Live } from '../parts/live';
import { Crumbs, useTitle } from '../parts/shell';
import { Failed, Waiting } from '../parts/states';
import { fold, planned, type Progress } from '../progress';
import { shown } from '../report';
import { labPath } from '../router';
import type { Lab, Submission } from '../shapes';
import { Result } from './result';

interface Watched {
  lab: Lab;
  submission: Submission;
}

export function SubmissionPage({ id }: { id: string }) {
  const state = useWatched(id);
  const now = state.value;
  useTitle(now.is === 'ready' ? titleOf(now.value) : 'Submission');
  if (now.is === 'waiting') return <Waiting what="the submission" />;
  if (now.is === 'failed') return <Failed why={now.why} />;
  const { lab, submission } = now.value;
  return (
    <>
      <Crumbs
        trail={[
          { title: 'Labs', href: '/labs' },
          { title: lab.id, href: labPath(lab.slug) },
          { title: 'Attempts', href: labPath(lab.slug, 'attempts') },
        ]}
      />
      <div class="page-head">
        <h1 tabIndex={-1}>
          <span class="lab-id">{lab.id}</span> {lab.title}
        </h1>
        <p class="muted">
          <time dateTime={submission.created_at}>{moment(submission.created_at)}</time>
        </p>
      </div>
      {submission.state === 'finished' ? (
        <Result lab={lab} submission={submission} />
      ) : (
        <LiveSection lab={lab} submission={submission} onFinished={() => void loadInto(state, id)} />
      )}
    </>
  );
}

function titleOf({ lab, submission }: Watched): string {
  if (submission.verdict === null) return `Grading ${lab.id}`;
  return `${shown(submission.verdict).word}, ${submission.score ?? 0}/${submission.max_score}: ${lab.id}`;
}

function useWatched(id: string): Signal<Load<Watched>> {
  const state = useMemo(() => signal<Load<Watched>>(waiting), [id]);
  useEffect(() => void loadInto(state, id), [state]);
  return state;
}

/** Done again at the end of a grading, lab and all: this may be the learner's best now. */
async function loadInto(state: Signal<Load<Watched>>, id: string): Promise<void> {
  try {
    const submission = await api.getSubmission(id);
    state.value = ready({ submission, lab: await api.getLab(submission.lab) });
  } catch (error) {
    state.value = failed(error);
  }
}

interface LiveSectionProps extends Watched {
  onFinished(): void;
}

function LiveSection({ lab, submission, onFinished }: LiveSectionProps) {
  const live = useMemo(() => createLive(lab, submission), [submission.id]);
  useEffect(
    () =>
      api.follow(submission.id, {
        event: (event) => (live.progress.value = fold(live.progress.value, event)),
        way: (way) => (live.slow.value = way === 'poll'),
        finished: onFinished,
        failed: (why) => (live.broken.value = why),
      }),
    [live],
  );
  useEffect(() => {
    const clock = setInterval(() => (live.nowMs.value = Date.now()), 100);
    return () => clearInterval(clock);
  }, [live]);
  if (live.broken.value !== null) return <Failed why={live.broken.value} />;
  return (
    <Live
      progress={live.progress.value}
      maxScore={lab.max_score}
      elapsedMs={Math.max(0, live.nowMs.value - live.sinceMs)}
      slow={live.slow.value}
    />
  );
}

interface LiveState {
  progress: Signal<Progress>;
  slow: Signal<boolean>;
  broken: Signal<api.Problem | null>;
  nowMs: Signal<number>;
  sinceMs: number;
}

function createLive(lab: Lab, submission: Submission): LiveState {
  const { state, queue_position } = submission;
  const nowMs = Date.now();
  return {
    progress: signal(fold(planned(lab), { event: 'state', state, queue_position })),
    slow: signal(false),
    broken: signal<api.Problem | null>(null),
    nowMs: signal(nowMs),
    // A clock here that runs behind the server's must not count from below zero.
    sinceMs: Math.min(nowMs, Date.parse(submission.created_at)),
  };
}
