import { expect, test } from 'vitest';
import { scaleFor } from './scale';

test('par is always on the scale, with room above it', () => {
  expect(scaleFor([0.2]).max).toBe(1.25);
});

test.each([[0.4], [0.98], [1.2], [1.49], [2.2], [5.5], [17], [240]])(
  'a ratio of %d fits, and below the end',
  (ratio) => {
    const scale = scaleFor([ratio]);
    expect(scale.at(ratio)).toBeGreaterThan(0);
    expect(scale.at(ratio)).toBeLessThan(1);
    expect(scale.ticks.length).toBeLessThanOrEqual(9);
  },
);

test('what is not a number is ignored', () => {
  expect(scaleFor([Number.NaN, Number.POSITIVE_INFINITY]).max).toBe(1.25);
});
