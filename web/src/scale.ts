// A scale for speed ratios: where a ratio stands between 0 and what must fit on the picture.
export interface Scale {
  max: number;
  ticks: number[];
  /** 0..1 */
  at(ratio: number): number;
}

export function scaleFor(ratios: number[]): Scale {
  const largest = Math.max(1, ...ratios.filter(Number.isFinite));
  const step = largest <= 1.5 ? 0.25 : largest <= 3 ? 0.5 : largest <= 6 ? 1 : niceStep(largest / 5);
  const max = Math.max(1.25, Math.ceil((largest * 1.05) / step) * step);
  const ticks: number[] = [];
  for (let i = 0; i * step <= max + 1e-9; i++) ticks.push(Number((i * step).toFixed(4)));
  return { max, ticks, at: (ratio) => Math.min(1, Math.max(0, ratio / max)) };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((d) => d * power >= rough) ?? 10;
  return digit * power;
}
