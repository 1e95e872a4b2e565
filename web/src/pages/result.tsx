// A finished submission, in the order in which a learner wants to know.
import { useMemo } from 'preact/hooks';
import * as api from '../api';
import { duration } from '../format';
import { useLoad, type Load } from '../load';
import { AnnotatedFile, Note } from '../parts/annotated';
import { Attempts } from '../parts/attempts';
import { FailingCase } from '../parts/compare';
import { CopyLine } from '../parts/copy';
import { Groups } from '../parts/groups';
import { VerdictTag } from '../parts/icon';
import { Resources } from '../parts/resources';
import { Speed } from '../parts/speed';
import { VerdictHero } from '../parts/verdict-hero';
import { annotationsOf, firstVisibleFailure, looseAnnotations, repeatLine } from '../report';
import { labPath } from '../router';
import type { Lab, Report, Submission } from '../shapes';

export function Result({ lab, submission }: { lab: Lab; submission: Submission }) {
  const report = submission.report;
  if (report === null || report === undefined) return <NoReport lab={lab} submission={submission} />;
  const names = submission.files.map((f) => f.name);
  return (
    <>
      <VerdictHero report={report} passMark={lab.pass_mark} isBest={lab.best?.submission === submission.id} />
      <NextSteps lab={lab} report={report} submission={submission} />
      {report.compile.verdict === 'ok' ? (
        <>
          <FirstFailure report={report} />
          <Groups report={report} planned={lab.groups} />
          {report.performance.length > 0 && <Speed performance={report.performance} timed={lab.timed} />}
          <Findings report={report} submission={submission} />
        </>
      ) : (
        <Findings report={report} submission={submission} />
      )}
      <Log report={report} />
      <Resources report={report} />
      <section class="panel" aria-labelledby="repeat-title">
        <h2 id="repeat-title">Repeat it offline</h2>
        <p class="muted lead">The same files and seed give the same verdict, to the bit.</p>
        <CopyLine label="Repeat offline" text={repeatLine(report, names)} />
      </section>
      <OwnAttempts lab={lab} current={submission.id} />
    </>
  );
}

function NoReport({ lab, submission }: { lab: Lab; submission: Submission }) {
  return (
    <section class="panel">
      {submission.verdict !== null && <VerdictTag verdict={submission.verdict} />}
      <p>
        There is no report. This attempt does not count; your files are safe, and you can submit them again.
      </p>
      <p>
        <a class="button primary" href={labPath(lab.slug, 'solution')}>
          Back to the solution
        </a>
      </p>
    </section>
  );
}

function NextSteps({ lab, report, submission }: { lab: Lab; report: Report; submission: Submission }) {
  const took =
    submission.started_at !== null && submission.finished_at !== null
      ? Date.parse(submission.finished_at) - Date.parse(submission.started_at)
      : report.resources.wall_ms;
  return (
    <div class="next">
      <p class="muted">
        Graded in {duration(took)}, seed <code>{report.seed}</code>
      </p>
      <a class="button" href={labPath(lab.slug, 'solution')}>
        {report.score < report.max_score ? 'Edit and submit again' : 'Back to the solution'}
      </a>
    </div>
  );
}

function FirstFailure({ report }: { report: Report }) {
  const first = firstVisibleFailure(report);
  if (first === null) return null;
  return (
    <section class="panel failure" aria-labelledby="failure-title">
      <div class="panel-head">
        <h2 id="failure-title">First failing case</h2>
        <p>
          <span class="group-name">{first.group.name}</span> <VerdictTag verdict={first.group.verdict} />
        </p>
      </div>
      <FailingCase failure={first.failure} id="first-failure" />
    </section>
  );
}

function Findings({ report, submission }: { report: Report; submission: Submission }) {
  const names = submission.files.map((f) => f.name);
  const loose = looseAnnotations(report, names);
  const found = report.compile.diagnostics.length + report.sanitizer.findings.length;
  return (
    <section class="panel" aria-labelledby="findings-title">
      <div class="panel-head">
        <h2 id="findings-title">In your source</h2>
        <p class="muted">
          {found === 0 ? 'The compiler and the sanitizers found nothing.' : summary(report)}
        </p>
      </div>
      {loose.map((note, i) => (
        <Note key={i} note={note} />
      ))}
      {names.map((name) => (
        <SourceFile key={name} submission={submission.id} name={name} report={report} />
      ))}
    </section>
  );
}

function summary(report: Report): string {
  const compiler = report.compile.diagnostics.length;
  const sanitizer = report.sanitizer.ran
    ? `, sanitizers: ${report.sanitizer.findings.length}`
    : ', sanitizers did not run';
  return `compiler: ${compiler}${sanitizer}`;
}

function SourceFile({ submission, name, report }: { submission: string; name: string; report: Report }) {
  const source: Load<string> = useLoad(`${submission}/${name}`, () =>
    api.getSubmissionFile(submission, name),
  ).value;
  if (source.is === 'waiting') return <p class="muted">Loading {name}…</p>;
  if (source.is === 'failed') return <p role="alert">{source.why.message}</p>;
  return <AnnotatedFile name={name} source={source.value} notes={annotationsOf(report, name)} />;
}

function Log({ report }: { report: Report }) {
  const log = report.compile.log;
  return (
    <details class="panel log">
      <summary>Compiler log</summary>
      <p class="muted">
        <VerdictTag verdict={report.compile.verdict} /> in {duration(report.compile.ms)}
      </p>
      {log === '' ? (
        <p class="muted">The compiler said nothing.</p>
      ) : (
        <pre class="scroll" tabIndex={0}>
          {log}
        </pre>
      )}
    </details>
  );
}

function OwnAttempts({ lab, current }: { lab: Lab; current: string }) {
  const attempts = useLoad(lab.id + current, () => api.getSubmissions(lab.id)).value;
  const nowMs = useMemo(() => Date.now(), [attempts]);
  if (attempts.is !== 'ready') return null;
  return (
    <section class="panel" aria-labelledby="own-attempts-title">
      <h2 id="own-attempts-title">Your attempts</h2>
      <Attempts submissions={attempts.value} nowMs={nowMs} current={current} />
    </section>
  );
}
