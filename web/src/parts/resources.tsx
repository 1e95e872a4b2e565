// What was used, beside what was allowed.
import { bytes, duration } from '../format';
import type { Report } from '../shapes';
import { Bar } from './bar';

export function Resources({ report }: { report: Report }) {
  const r = report.resources;
  return (
    <section class="panel" aria-labelledby="resources-title">
      <h2 id="resources-title">Resources</h2>
      <dl class="resources">
        <div>
          <dt>Memory, peak</dt>
          <dd>
            <strong>{bytes(r.peak_bytes)}</strong> of {bytes(r.limit_memory_bytes)}
            <Bar
              value={r.peak_bytes}
              max={r.limit_memory_bytes}
              tone={r.peak_bytes >= r.limit_memory_bytes ? 'bad' : 'plain'}
            />
          </dd>
        </div>
        <div>
          <dt>CPU time, all cases</dt>
          <dd>
            <strong>{duration(r.cpu_ms)}</strong>, limit {duration(r.limit_cpu_ms)} per case
          </dd>
        </div>
        <div>
          <dt>Wall time, whole grading</dt>
          <dd>{duration(r.wall_ms)}</dd>
        </div>
        <div>
          <dt>Ran on</dt>
          <dd>{report.device.name || report.device.kind}</dd>
        </div>
      </dl>
      {report.cell.degraded.length > 0 && (
        <p class="muted">Weaker here than elsewhere: {report.cell.degraded.join('; ')}.</p>
      )}
    </section>
  );
}
