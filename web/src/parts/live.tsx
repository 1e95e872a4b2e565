// A grading while it runs. Every row is there from the start; only their contents change.
import { duration, points } from '../format';
import { earnedSoFar, type Progress, type Step } from '../progress';
import { shown } from '../report';
import { Bar } from './bar';
import { Icon, VerdictIcon } from './icon';

interface LiveProps {
  progress: Progress;
  maxScore: number;
  elapsedMs: number;
  slow: boolean; // news comes by polling: steps are not seen one by one
}

export function Live({ progress, maxScore, elapsedMs, slow }: LiveProps) {
  return (
    <section class="panel live" aria-labelledby="live-title">
      <div class="live-head">
        <Icon name="running" size={28} />
        <div>
          <h2 id="live-title">{headline(progress)}</h2>
          <p class="muted">
            {duration(Math.floor(elapsedMs / 100) * 100)} since you submitted
            {slow && '. Live steps are not available; the result will appear here.'}
          </p>
        </div>
        <p class="live-points" aria-hidden="true">
          <strong>{points(earnedSoFar(progress))}</strong> / {points(maxScore)}
        </p>
      </div>
      <p class="visually-hidden" role="status" aria-live="polite">
        {progress.said}
      </p>
      <div class="live-bar">
        <Bar value={progress.steps.filter((s) => s.is === 'done').length} max={progress.steps.length} />
      </div>
      <ol class="steps">
        {progress.steps.map((s) => (
          <StepRow key={s.key} step={s} />
        ))}
      </ol>
    </section>
  );
}

function headline(progress: Progress): string {
  if (progress.state === 'finished') return 'Writing the report';
  if (progress.state === 'running') return 'Grading';
  return progress.queuePosition === null ? 'Queued' : `Queued, place ${progress.queuePosition}`;
}

function StepRow({ step }: { step: Step }) {
  return (
    <li class={`step step-${step.is} tone-${step.verdict === null ? 'none' : shown(step.verdict).tone}`}>
      <StepIcon step={step} />
      <span class="step-title">
        {step.title}
        {!step.visible && <span class="chip">hidden</span>}
      </span>
      <span class="step-word">{stepWord(step)}</span>
      <span class="step-note muted">{step.note ?? ''}</span>
      <span class="step-ms muted">{step.ms === null ? '' : duration(step.ms)}</span>
      <span class="step-points">{stepPoints(step)}</span>
    </li>
  );
}

function StepIcon({ step }: { step: Step }) {
  if (step.is === 'done' && step.verdict !== null) return <VerdictIcon verdict={step.verdict} />;
  return <Icon name={step.is === 'running' ? 'running' : 'new'} />;
}

function stepWord(step: Step): string {
  if (step.is === 'pending') return 'Waiting';
  if (step.is === 'running') return 'Running';
  return step.verdict === null ? 'Done' : shown(step.verdict).word;
}

const stepPoints = (step: Step): string => {
  if (step.points === 0) return '';
  return `${step.earned === null ? '–' : points(step.earned)} / ${points(step.points)}`;
};
