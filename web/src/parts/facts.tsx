// What a learner should know before they press the button.
import type { ComponentChildren } from 'preact';
import * as api from '../api';
import { bytes, count, duration, points } from '../format';
import type { Lab, Limits } from '../shapes';
import { PlannedGroups } from './groups';
import { Icon } from './icon';

export function Facts({ lab }: { lab: Lab }) {
  const hidden = lab.groups.filter((g) => !g.visible);
  const hiddenPoints = hidden.reduce((sum, g) => sum + g.points, 0);
  return (
    <aside class="facts" aria-label="Facts about this lab">
      <section>
        <h2>Points</h2>
        <dl class="pairs">
          <Fact what="Best score">
            {lab.best === null ? 'none yet' : `${points(lab.best.score)} / ${points(lab.max_score)}`}
          </Fact>
          <Fact what="Pass mark">{points(lab.pass_mark)}</Fact>
          <Fact what="Attempts">{lab.attempts === 0 ? 'none yet' : String(lab.attempts)}</Fact>
          <Fact what="Time">about {count(lab.hours, 'hour')}</Fact>
          {lab.needs.length > 0 && <Fact what="Builds on">{lab.needs.join(', ')}</Fact>}
        </dl>
      </section>
      <section>
        <h2>Checks</h2>
        <PlannedGroups groups={lab.groups} />
        {hidden.length > 0 && (
          <p class="muted">
            {count(hidden.length, 'hidden group')}, {points(hiddenPoints)} points: you will read their names,
            points and a hint, not their inputs.
          </p>
        )}
      </section>
      {lab.timed.length > 0 && <TimedFacts lab={lab} />}
      <LimitFacts limits={lab.limits} />
      <section>
        <h2>Files</h2>
        <ul class="files">
          {lab.provided.map((file) => (
            <li key={file.path}>
              <a href={api.labFileUrl(lab.id, file.path)} download={file.path.split('/').pop()}>
                <Icon name="file" /> {file.path}
              </a>
              <span class="muted">{bytes(file.bytes)}</span>
            </li>
          ))}
        </ul>
      </section>
    </aside>
  );
}

function Fact({ what, children }: { what: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{what}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function TimedFacts({ lab }: { lab: Lab }) {
  return (
    <section>
      <h2>Timed</h2>
      <ul class="planned">
        {lab.timed.map((t) => (
          <li key={t.name}>
            <span class="planned-name">{t.name}</span>
            <span class="planned-points">{t.points > 0 ? points(t.points) : 'shown'}</span>
            {t.tiers.length > 0 && (
              <span class="planned-about muted">
                {t.tiers
                  .map((tier) => `${tier.name} from ${tier.ratio} of par: ${points(tier.points)}`)
                  .join(', ')}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function LimitFacts({ limits }: { limits: Limits }) {
  return (
    <section>
      <h2>Limits</h2>
      <dl class="pairs">
        <Fact what="Compile">{duration(limits.compile_ms)}</Fact>
        <Fact what="CPU per case">{duration(limits.case_cpu_ms)}</Fact>
        <Fact what="CPU per group">{duration(limits.group_cpu_ms)}</Fact>
        <Fact what="Memory">{bytes(limits.memory_bytes)}</Fact>
        <Fact what="Stack">{bytes(limits.stack_bytes)}</Fact>
        <Fact what="Output">{bytes(limits.output_bytes)}</Fact>
      </dl>
    </section>
  );
}

/** The same limits in one line, right above the submit button. */
export const limitLine = (lab: Lab): string =>
  `Limits: ${duration(lab.limits.case_cpu_ms)} CPU per case, ${duration(lab.limits.group_cpu_ms)} per group, ` +
  `${bytes(lab.limits.memory_bytes)} memory, ${bytes(lab.limits.output_bytes)} output.`;
