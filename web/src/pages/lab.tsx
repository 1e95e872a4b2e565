import { useMemo } from 'preact/hooks';
import * as api from '../api';
import { useLoad } from '../load';
import { Attempts } from '../parts/attempts';
import { Facts } from '../parts/facts';
import { Markdown } from '../parts/markdown';
import { Crumbs, useTitle } from '../parts/shell';
import { Failed, Waiting } from '../parts/states';
import { labPath, type LabTab } from '../router';
import type { Lab, Submission, User } from '../shapes';
import { StatusTag } from './labs';
import { SolutionTab } from './solution';

interface LabPageProps {
  slug: string;
  tab: LabTab;
  user: User;
}

export function LabPage({ slug, tab, user }: LabPageProps) {
  const lab = useLoad(slug, () => api.getLab(slug)).value;
  useTitle(lab.is === 'ready' ? `${lab.value.id} ${lab.value.title}` : 'Lab');
  if (lab.is === 'waiting') return <Waiting what="the lab" />;
  if (lab.is === 'failed')
    return lab.why.isLabUnavailable ? (
      <LabUnavailable slug={slug} why={lab.why} staff={user.role !== 'learner'} />
    ) : (
      <Failed why={lab.why} />
    );
  return (
    <>
      <Crumbs trail={[{ title: 'Labs', href: '/labs' }, { title: `Module ${lab.value.module}` }]} />
      <div class="page-head">
        <h1 tabIndex={-1}>
          <span class="lab-id">{lab.value.id}</span> {lab.value.title}
        </h1>
        <p class="lab-badges">
          <StatusTag status={lab.value.status} />
          <span class="chip">{lab.value.kind}</span>
        </p>
      </div>
      <Tabs lab={lab.value} tab={tab} />
      <div class={`lab-columns lab-${tab}`}>
        <div class="lab-main">
          <Tab lab={lab.value} tab={tab} user={user} />
        </div>
        <Facts lab={lab.value} />
      </div>
    </>
  );
}

/** Nobody can read this lab or send anything to it: what happened, and what each reader can do. */
function LabUnavailable({ slug, why, staff }: { slug: string; why: api.Problem; staff: boolean }) {
  return (
    <>
      <UnavailableWords why={why} staff={staff} />
      <EarlierAttempts lab={slug} />
    </>
  );
}

function UnavailableWords({ why, staff }: { why: api.Problem; staff: boolean }) {
  useTitle('Unavailable');
  return (
    <section class="problem">
      <p class="problem-status" aria-hidden="true">
        {why.status}
      </p>
      <h1 tabIndex={-1}>This lab is unavailable</h1>
      <p>{why.message}</p>
      {staff ? (
        <p>
          Mend the lab, then run <code>grade test</code> on it. The server takes it back when it is started again.
        </p>
      ) : (
        <p>
          It takes no submissions now. What you sent for it before is kept, with its scores. Tell whoever runs the
          course, and go on with another lab.
        </p>
      )}
      <p class="row">
        <a class="button" href="/labs">
          All labs
        </a>
        <button type="button" class="button quiet" onClick={() => location.reload()}>
          Try again
        </button>
      </p>
    </section>
  );
}

const TABS: { tab: LabTab; title: string }[] = [
  { tab: 'handout', title: 'Handout' },
  { tab: 'solution', title: 'Solution' },
  { tab: 'attempts', title: 'Attempts' },
];

/** Links, not ARIA tabs: each is an address that can be opened, sent and gone back to. */
function Tabs({ lab, tab }: { lab: Lab; tab: LabTab }) {
  return (
    <nav class="tabs" aria-label="Parts of this lab">
      {TABS.map((t) => (
        <a key={t.tab} href={labPath(lab.slug, t.tab)} aria-current={t.tab === tab ? 'page' : undefined}>
          {t.title}
          {t.tab === 'attempts' && lab.attempts > 0 && <span class="tab-count">{lab.attempts}</span>}
        </a>
      ))}
    </nav>
  );
}

function Tab({ lab, tab, user }: { lab: Lab; tab: LabTab; user: User }) {
  switch (tab) {
    case 'handout':
      return <Handout lab={lab} />;
    case 'solution':
      return <SolutionTab lab={lab} user={user} />;
    case 'attempts':
      return <AttemptsTab lab={lab.id} />;
  }
}

function Handout({ lab }: { lab: Lab }) {
  return (
    <>
      <Markdown text={lab.handout} fileUrl={(path) => api.labFileUrl(lab.id, path)} />
      <p class="handout-end">
        <a class="button primary" href={labPath(lab.slug, 'solution')}>
          Write the solution
        </a>
      </p>
    </>
  );
}

function AttemptsTab({ lab }: { lab: string }) {
  const attempts = useLoad(lab, () => api.getSubmissions(lab)).value;
  if (attempts.is === 'waiting') return <Waiting what="your attempts" />;
  if (attempts.is === 'failed') return <p role="alert">{attempts.why.message}</p>;
  return <YourAttempts submissions={attempts.value} />;
}

/** Beside a page that is whole without them. */
function EarlierAttempts({ lab }: { lab: string }) {
  const attempts = useLoad(lab, () => api.getSubmissions(lab)).value;
  if (attempts.is !== 'ready' || attempts.value.length === 0) return null;
  return <YourAttempts submissions={attempts.value} />;
}

function YourAttempts({ submissions }: { submissions: Submission[] }) {
  const nowMs = useMemo(() => Date.now(), [submissions]);
  return (
    <section class="your-attempts" aria-labelledby="attempts-title">
      <h2 id="attempts-title">Your attempts</h2>
      <Attempts submissions={submissions} nowMs={nowMs} />
    </section>
  );
}
