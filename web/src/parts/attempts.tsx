import { ago, moment } from '../format';
import { submissionPath } from '../router';
import type { Submission } from '../shapes';
import { Bar, outOf } from './bar';
import { Icon, VerdictTag } from './icon';

interface AttemptsProps {
  submissions: Submission[]; // newest first
  nowMs: number;
  current?: string; // the one this page shows
}

export function Attempts({ submissions, nowMs, current }: AttemptsProps) {
  if (submissions.length === 0)
    return <p class="muted">No attempt yet. The first one costs nothing, and neither do the others.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Attempts">
      <table class="attempts">
        <thead>
          <tr>
            <th scope="col">Attempt</th>
            <th scope="col">When</th>
            <th scope="col">Verdict</th>
            <th scope="col">Score</th>
          </tr>
        </thead>
        <tbody>
          {submissions.map((s, i) => (
            <tr key={s.id} class={s.id === current ? 'current' : undefined}>
              <td>
                <a href={submissionPath(s.id)} aria-current={s.id === current ? 'true' : undefined}>
                  #{submissions.length - i}
                </a>
              </td>
              <td>
                <time dateTime={s.created_at} title={moment(s.created_at)}>
                  {ago(s.created_at, nowMs)}
                </time>
              </td>
              <td>
                {s.verdict === null ? <Unfinished state={s.state} /> : <VerdictTag verdict={s.verdict} />}
              </td>
              <td>
                {s.score !== null && <Score score={s.score} max={s.max_score} pass={s.pass === true} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Unfinished({ state }: { state: Submission['state'] }) {
  return (
    <span class="verdict">
      <Icon name={state === 'queued' ? 'new' : 'running'} />
      {state === 'queued' ? 'Queued' : 'Running'}
    </span>
  );
}

function Score({ score, max, pass }: { score: number; max: number; pass: boolean }) {
  return (
    <span class="score">
      <Bar value={score} max={max} tone={pass ? 'good' : 'part'} />
      <span>{outOf(score, max)}</span>
    </span>
  );
}
