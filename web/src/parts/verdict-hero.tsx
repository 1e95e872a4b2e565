// The first thing on a result: what it is, and how many points.
import { points } from '../format';
import { shown } from '../report';
import type { Report } from '../shapes';
import { Bar } from './bar';
import { VerdictIcon } from './icon';

interface HeroProps {
  report: Report;
  passMark: number;
  isBest: boolean;
}

export function VerdictHero({ report, passMark, isBest }: HeroProps) {
  const { word, sentence, tone } = shown(report.verdict);
  const missing = passMark - report.score;
  return (
    <section class={`hero tone-${tone}`} aria-label="Verdict and score">
      <span class="hero-icon">
        <VerdictIcon verdict={report.verdict} size={52} />
      </span>
      <div class="hero-words">
        <p class="hero-verdict">{word}</p>
        <p class="hero-sentence">{report.message ?? `${sentence}.`}</p>
      </div>
      <div class="hero-score">
        <p class="hero-points">
          <strong>{points(report.score)}</strong>
          <span> / {points(report.max_score)}</span>
          <span class="visually-hidden"> points</span>
        </p>
        <Bar
          value={report.score}
          max={report.max_score}
          mark={passMark}
          tone={report.pass ? 'good' : 'part'}
        />
        <p class="hero-pass">
          {report.pass
            ? `Passed (pass mark ${points(passMark)})`
            : `${points(missing)} below the pass mark of ${points(passMark)}`}
          {isBest && ', your best so far'}
        </p>
      </div>
    </section>
  );
}
