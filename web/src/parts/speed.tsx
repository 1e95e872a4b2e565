// Speed against par: a scale from nothing to beyond, par and tiers marked, the interval drawn as wide
// as the measurement is unsure.
import { measure, percent, points } from '../format';
import { scaleFor, type Scale } from '../scale';
import { nextTier } from '../report';
import type { LabTimed, Performance, Roofline, Tier } from '../shapes';

export function Speed({ performance, timed }: { performance: Performance[]; timed: LabTimed[] }) {
  const tiersOf = (name: string): Tier[] => timed.find((t) => t.name === name)?.tiers ?? [];
  // One scale for all, so that the bars can be compared with each other.
  const ratios = performance.flatMap((p) => [p.ratio, p.interval[1], ...tiersOf(p.name).map((t) => t.ratio)]);
  const scale = scaleFor(ratios);
  return (
    <section class="panel" aria-labelledby="speed-title">
      <h2 id="speed-title">Speed</h2>
      <p class="muted lead">
        Each run is paired with the lab's own solution on the same core; the ratio is yours over par, with its
        95 % interval.
      </p>
      {performance.map((p) => (
        <Timed key={p.name} it={p} tiers={tiersOf(p.name)} scale={scale} />
      ))}
    </section>
  );
}

interface TimedProps {
  it: Performance;
  tiers: Tier[];
  scale: Scale;
}

function Timed({ it, tiers, scale }: TimedProps) {
  const next = nextTier(it, tiers);
  return (
    <article class="timed">
      <h3>{it.name}</h3>
      <p class="timed-values">
        <strong>
          {measure(it.value)} {it.unit}
        </strong>
        <span class="muted">
          par {measure(it.par)} {it.unit}
        </span>
      </p>
      <p class="timed-points">
        {it.tier !== null && <span class="chip">{it.tier}</span>}
        {it.points > 0 ? `${points(it.earned)} / ${points(it.points)}` : 'shown, not scored'}
      </p>
      <Ruler it={it} tiers={tiers} scale={scale} />
      <p class="muted timed-note">
        {percent(it.ratio)} of par, interval {percent(it.interval[0])} to {percent(it.interval[1])},{' '}
        {it.pairs} pairs{it.discarded ? `, ${it.discarded} more discarded` : ''}.
        {next !== null && ` Next: ${next.name} from ${percent(next.ratio)}, ${points(next.points)} points.`}
      </p>
      {it.note && <p class="timed-note">{it.note}</p>}
      <Roof of={it.roofline} />
    </article>
  );
}

// What the hardware would allow, and how much of it a call uses.
function Roof({ of }: { of: Roofline }) {
  if (!of.attained) return null;
  const roof = of.bound === 'compute' ? `${measure(of.peak_gflops)} GFLOP/s` : `${measure(of.bandwidth_gbs)} GB/s`;
  return (
    <p class="muted timed-note">
      {percent(of.attained)} of this core's {roof}
      {of.bound !== 'compute' && of.level ? ` from ${of.level}` : ''}
      {of.bound ? `: ${of.bound} bound` : ''}.
    </p>
  );
}

function Ruler({ it, tiers, scale }: TimedProps) {
  const left = (ratio: number) => ({ left: `${scale.at(ratio) * 100}%` });
  const [low, high] = it.interval;
  const marks = [{ name: 'par', ratio: 1 }, ...tiers];
  const described = marks.map((m) => `${m.name} at ${m.ratio}`).join(', ');
  return (
    <div
      class="ruler"
      role="img"
      aria-label={`Ratio ${it.ratio.toFixed(2)} on a scale to ${scale.max}; ${described}`}
    >
      <div class="ruler-track">
        <span class="ruler-fill" style={{ width: `${scale.at(it.ratio) * 100}%` }} />
        <span
          class="ruler-interval"
          style={{ left: `${scale.at(low) * 100}%`, width: `${(scale.at(high) - scale.at(low)) * 100}%` }}
        />
        {scale.ticks.map((t, i) => (
          <span
            key={t}
            class={`ruler-tick ${i === 0 ? 'first' : t > scale.max - 1e-9 ? 'last' : ''}`}
            style={left(t)}
          >
            <span>{t}</span>
          </span>
        ))}
        {marks.map((m) => (
          <span key={m.name} class={m.name === 'par' ? 'ruler-mark par' : 'ruler-mark'} style={left(m.ratio)}>
            <span>{m.name}</span>
          </span>
        ))}
        <span class="ruler-dot" style={left(it.ratio)} />
      </div>
    </div>
  );
}
