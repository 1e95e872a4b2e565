import * as api from '../api';
import { useLoad } from '../load';
import { count, points } from '../format';
import { Bar } from '../parts/bar';
import { Icon } from '../parts/icon';
import { useTitle } from '../parts/shell';
import { Failed, Waiting } from '../parts/states';
import { labPath, submissionPath } from '../router';
import type { CourseModule, LabBrief } from '../shapes';

export function LabsPage() {
  useTitle('Labs');
  const modules = useLoad('modules', api.getModules).value;
  if (modules.is === 'waiting') return <Waiting what="the labs" />;
  if (modules.is === 'failed') return <Failed why={modules.why} />;
  const labs = modules.value.flatMap((m) => m.labs);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Labs</h1>
        <p class="muted">
          {passed(labs)} of {count(labs.length, 'lab')} passed
        </p>
      </div>
      <UpNext labs={labs} />
      {modules.value.map((m) => (
        <ModuleSection key={m.module} module={m} />
      ))}
    </>
  );
}

const passed = (labs: LabBrief[]): number => labs.filter((lab) => lab.status === 'passed').length;

/** The lab to go on with: one that was started and not passed, else the first new one. */
function UpNext({ labs }: { labs: LabBrief[] }) {
  const open = labs.filter((l) => l.available);
  const next = open.find((l) => l.status === 'started') ?? open.find((l) => l.status === 'new');
  if (next === undefined) return null;
  return (
    <p class="up-next">
      <span class="muted">{next.status === 'started' ? 'Go on with' : 'Start with'}</span>
      <a href={labPath(next.slug)}>
        {next.id} {next.title}
      </a>
      {next.best !== null && (
        <span class="muted">
          best {points(next.best.score)}, pass mark {points(next.pass_mark)}
        </span>
      )}
    </p>
  );
}

function ModuleSection({ module: m }: { module: CourseModule }) {
  const title = `module-${m.module}`;
  return (
    <section class="module" aria-labelledby={title}>
      <header>
        <h2 id={title}>
          <span class="module-number">{m.module}</span> {m.title}
        </h2>
        <p class="module-facts muted">
          {m.hours[0]}–{m.hours[1]} h, {m.difficulty}
        </p>
        <p class="module-goal">{m.goal}</p>
      </header>
      {m.labs.length === 0 ? (
        <p class="muted module-empty">No labs in this module yet.</p>
      ) : (
        <LabTable labs={m.labs} title={title} />
      )}
    </section>
  );
}

function LabTable({ labs, title }: { labs: LabBrief[]; title: string }) {
  return (
    <table class="labs" aria-labelledby={title}>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Lab</th>
          <th scope="col" class="wide-only">
            Kind
          </th>
          <th scope="col" class="wide-only">
            Attempts
          </th>
          <th scope="col">Best</th>
        </tr>
      </thead>
      <tbody>
        {labs.map((lab) => (
          <LabRow key={lab.id} lab={lab} />
        ))}
      </tbody>
    </table>
  );
}

const whyUnavailable = (lab: LabBrief): string =>
  lab.unavailable_reason ??
  'This lab has a fault of its own and takes no submissions until its authors have mended it.';

const STATUS = {
  new: { word: 'New', icon: 'new', tone: 'none' },
  started: { word: 'Started', icon: 'started', tone: 'part' },
  passed: { word: 'Passed', icon: 'accepted', tone: 'good' },
} as const;

export function StatusTag({ status }: { status: LabBrief['status'] }) {
  const { word, icon, tone } = STATUS[status];
  return (
    <span class={`verdict tone-${tone}`}>
      <Icon name={icon} />
      <span>{word}</span>
    </span>
  );
}

/** A lab whose own files are at fault. A learner loses nothing by it, so it is no verdict of theirs. */
function UnavailableTag() {
  return (
    <span class="verdict tone-ours">
      <Icon name="internal_error" />
      <span>Unavailable</span>
    </span>
  );
}

function LabRow({ lab }: { lab: LabBrief }) {
  return (
    <tr>
      <td class="labs-status">{lab.available ? <StatusTag status={lab.status} /> : <UnavailableTag />}</td>
      <td class="labs-title">
        <a href={labPath(lab.slug)}>
          <span class="lab-id">{lab.id}</span> {lab.title}
        </a>
        {!lab.available && <p class="labs-why muted">{whyUnavailable(lab)}</p>}
      </td>
      <td class="wide-only muted">
        {lab.kind}, {lab.hours} h
      </td>
      <td class="wide-only labs-attempts muted">
        {lab.attempts === 0 ? '–' : <a href={labPath(lab.slug, 'attempts')}>{lab.attempts}</a>}
      </td>
      <td class="labs-best">
        {lab.best === null ? (
          <span class="muted">–</span>
        ) : (
          <a
            class="score"
            href={submissionPath(lab.best.submission)}
            aria-label={`Best: ${points(lab.best.score)} of ${points(lab.max_score)} points`}
          >
            <Bar
              value={lab.best.score}
              max={lab.max_score}
              mark={lab.pass_mark}
              tone={lab.best.pass ? 'good' : 'part'}
            />
            <span>{points(lab.best.score)}</span>
          </a>
        )}
      </td>
    </tr>
  );
}
