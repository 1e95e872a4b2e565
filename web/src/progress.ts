// Folds the events of a grading into what the progress list shows. The list is complete from the
// start (the lab says which groups will come), so nothing moves when a step is done.
import type { Lab, LabEvent, StageVerdict, Submission } from './shapes';

export interface Step {
  key: string;
  title: string;
  visible: boolean;
  points: number; // 0: this step gives none
  is: 'pending' | 'running' | 'done';
  verdict: StageVerdict | null;
  earned: number | null;
  ms: number | null;
  note: string | null;
}

export interface Progress {
  state: Submission['state'];
  queuePosition: number | null;
  steps: Step[];
  /** The last thing that happened, as a sentence for a screen reader. */
  said: string;
}

type PlannedLab = Pick<Lab, 'groups' | 'timed'>;

const step = (key: string, title: string, points = 0, visible = true): Step => ({
  key,
  title,
  points,
  visible,
  is: 'pending',
  verdict: null,
  earned: null,
  ms: null,
  note: null,
});

export function planned(lab: PlannedLab): Progress {
  return {
    state: 'queued',
    queuePosition: null,
    said: '',
    steps: [
      step('compile', 'Compile'),
      ...lab.groups.map((g) => step(`group:${g.name}`, g.name, g.points, g.visible)),
      step('sanitizer', 'Sanitizers'),
      ...lab.timed.map((t) => step(`timed:${t.name}`, t.name, t.points)),
    ],
  };
}

export function fold(before: Progress, event: LabEvent): Progress {
  switch (event.event) {
    case 'state':
      return onState(before, event);
    case 'compile_started':
      return started(before, 'compile', 'Compiling');
    case 'compile_finished':
      return done(before, 'compile', { verdict: event.verdict, ms: event.ms }, compileSentence(event));
    case 'group_started':
      return started(before, `group:${event.group}`, before.said);
    case 'group_finished':
      return onGroup(before, event);
    case 'sanitizer_started':
      return started(before, 'sanitizer', 'Running the sanitizers');
    case 'sanitizer_finished':
      return done(
        before,
        'sanitizer',
        { verdict: event.verdict, note: event.findings > 0 ? `findings: ${event.findings}` : null },
        `Sanitizers: ${event.findings} findings`,
      );
    case 'timed_started':
      return started(before, `timed:${event.name}`, `Timing ${event.name}`);
    case 'timed_finished':
      return onTimed(before, event);
    case 'finished':
      return { ...before, state: 'finished', said: `Finished: ${event.score} of ${event.max_score} points` };
  }
}

type Of<Name extends LabEvent['event']> = Extract<LabEvent, { event: Name }>;

function onState(before: Progress, event: Of<'state'>): Progress {
  const { state, queue_position: queuePosition } = event;
  if (state === before.state && queuePosition === before.queuePosition) return before;
  const said =
    state === 'queued' && queuePosition !== null
      ? `Waiting, place ${queuePosition} in the queue`
      : before.said;
  return { ...before, state, queuePosition, said };
}

function compileSentence(event: Of<'compile_finished'>): string {
  return event.verdict === 'ok' ? `Compiled in ${event.ms} ms` : 'The sources do not compile';
}

function onGroup(before: Progress, event: Of<'group_finished'>): Progress {
  return done(
    before,
    `group:${event.group}`,
    {
      verdict: event.verdict,
      earned: event.earned,
      points: event.points,
      visible: event.visible,
      ms: event.ms,
      note: event.cases > 0 ? `${event.passed} of ${event.cases} cases` : null,
    },
    `${event.group}: ${event.earned} of ${event.points} points`,
  );
}

function onTimed(before: Progress, event: Of<'timed_finished'>): Progress {
  return done(
    before,
    `timed:${event.name}`,
    {
      verdict: 'ok',
      earned: event.earned,
      points: event.points,
      note: `${event.value.toFixed(2)} ${event.unit}, ${event.ratio.toFixed(2)} of par`,
    },
    `${event.name}: ${event.value.toFixed(2)} ${event.unit}`,
  );
}

const started = (before: Progress, key: string, said: string): Progress =>
  change(before, key, { is: 'running' }, said);

const done = (before: Progress, key: string, news: Partial<Step>, said: string): Progress =>
  change(before, key, { ...news, is: 'done' }, said);

/** A step that the lab did not announce (its manifest may have changed since) is added at the end. */
function change(before: Progress, key: string, news: Partial<Step>, said: string): Progress {
  const known = before.steps.some((s) => s.key === key);
  const steps = known ? before.steps : [...before.steps, step(key, key.slice(key.indexOf(':') + 1))];
  return {
    ...before,
    state: before.state === 'queued' ? 'running' : before.state,
    queuePosition: null,
    steps: steps.map((s) => (s.key === key ? { ...s, ...news } : s)),
    said,
  };
}

/** What the tested part of a running submission has earned so far. */
export const earnedSoFar = (progress: Progress): number =>
  progress.steps.reduce((sum, s) => sum + (s.earned ?? 0), 0);
