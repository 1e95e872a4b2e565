import { points } from '../format';

interface BarProps {
  value: number;
  max: number;
  /** What a screen reader says instead of the picture; omit where the number stands beside it. */
  label?: string;
  tone?: 'good' | 'part' | 'bad' | 'plain';
  mark?: number; // a tick, such as the pass mark
}

/** A length, always beside its number. */
export function Bar({ value, max, label, tone = 'plain', mark }: BarProps) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  const picture =
    label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label };
  return (
    <span class={`bar tone-${tone}`} {...picture}>
      <span class="bar-fill" style={{ width: `${share * 100}%` }} />
      {mark !== undefined && <span class="bar-mark" style={{ left: `${(mark / max) * 100}%` }} />}
    </span>
  );
}

export function toneOf(value: number, max: number): 'good' | 'part' | 'bad' {
  return value >= max ? 'good' : value > 0 ? 'part' : 'bad';
}

export const outOf = (value: number, max: number): string => `${points(value)} / ${points(max)}`;
