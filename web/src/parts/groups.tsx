// Groups as bars: what is seen, then what is hidden, the hidden ones announced as a number.
import { count, duration, points } from '../format';
import { firstVisibleFailure, isFull, tally } from '../report';
import type { LabGroup, Report, ReportGroup } from '../shapes';
import { Bar, outOf, toneOf } from './bar';
import { FailingCase, Hint } from './compare';
import { Icon, VerdictTag } from './icon';

interface GroupsProps {
  report: Report;
  planned: LabGroup[];
}

export function Groups({ report, planned }: GroupsProps) {
  const about = new Map(planned.map((g) => [g.name, g.about]));
  const shownAbove = firstVisibleFailure(report)?.group.name ?? null;
  const visible = report.groups.filter((g) => g.visible);
  const hidden = report.groups.filter((g) => !g.visible);
  const row = (group: ReportGroup) => (
    <GroupRow
      key={group.name}
      group={group}
      about={about.get(group.name) ?? null}
      shownAbove={group.name === shownAbove}
    />
  );
  return (
    <section class="panel" aria-labelledby="groups-title">
      <h2 id="groups-title">Checks</h2>
      {visible.length > 0 && (
        <>
          <GroupsHead title="Visible" groups={visible} />
          <ul class="groups">{visible.map(row)}</ul>
        </>
      )}
      {hidden.length > 0 && (
        <>
          <GroupsHead title="Hidden" groups={hidden} hidden />
          <ul class="groups">{hidden.map(row)}</ul>
        </>
      )}
    </section>
  );
}

function GroupsHead({
  title,
  groups,
  hidden = false,
}: {
  title: string;
  groups: ReportGroup[];
  hidden?: boolean;
}) {
  const sum = tally(groups);
  return (
    <div class="groups-head">
      <h3>
        {hidden && <Icon name="hidden" />}
        {title}
      </h3>
      <p class="muted">
        {sum.full} of {count(sum.groups, `${title.toLowerCase()} group`)} full
        {sum.cases > 0 && `, ${sum.passed} of ${count(sum.cases, 'case')} passed`}
        {hidden && '. Their inputs are not shown.'}
      </p>
      <p class="groups-sum">{outOf(sum.earned, sum.points)}</p>
    </div>
  );
}

function GroupRow({
  group,
  about,
  shownAbove,
}: {
  group: ReportGroup;
  about: string | null;
  shownAbove: boolean;
}) {
  const failure = group.first_failure;
  return (
    <li class="group">
      <div class="group-line">
        <span class="group-name">{group.name}</span>
        <VerdictTag verdict={group.verdict} />
        <Bar value={group.earned} max={group.points} tone={toneOf(group.earned, group.points)} />
        <span class="group-points">
          {outOf(group.earned, group.points)}
          <span class="visually-hidden"> points</span>
        </span>
        <span class="group-cases muted">
          {group.cases > 0 ? `${group.passed}/${group.cases} cases` : ''}
          {group.ms > 0 ? ` · ${duration(group.ms)}` : ''}
        </span>
      </div>
      {about !== null && <p class="group-about muted">{about}</p>}
      {failure !== null && !group.visible && failure.hint !== null && <Hint text={failure.hint} />}
      {failure !== null && group.visible && !shownAbove && (
        <details>
          <summary>First failing case of {group.name}</summary>
          <FailingCase failure={failure} id={`case-${group.name}`} />
        </details>
      )}
      {shownAbove && !isFull(group) && (
        <p class="group-about muted">Its first failing case is shown above.</p>
      )}
    </li>
  );
}

/** The same groups before anything is submitted. */
export function PlannedGroups({ groups }: { groups: LabGroup[] }) {
  return (
    <ul class="planned">
      {groups.map((g) => (
        <li key={g.name}>
          <span class="planned-name">
            {g.name}
            {!g.visible && (
              <span class="chip">
                <Icon name="hidden" size={12} /> hidden
              </span>
            )}
          </span>
          <span class="planned-points">{points(g.points)}</span>
          <span class="planned-about muted">{g.about}</span>
        </li>
      ))}
    </ul>
  );
}
