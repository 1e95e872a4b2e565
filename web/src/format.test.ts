import { expect, test } from 'vitest';
import { ago, bytes, count, duration, measure, percent, points } from './format';

test.each([
  [72.5, '72.5'],
  [100, '100'],
  [0, '0'],
  [33.333, '33.33'],
  [10.1, '10.1'],
])('%d points read %s', (n, text) => expect(points(n)).toBe(text));

test.each([
  [0, '0 ms'],
  [93, '93 ms'],
  [999, '999 ms'],
  [1000, '1 s'],
  [1234, '1.23 s'],
  [20_000, '20 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
])('%d ms read %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [262_144, '256 KiB'],
  [268_435_456, '256 MiB'],
  [1_600, '1.56 KiB'],
  [12_900_000, '12.3 MiB'],
])('%d bytes read %s', (n, text) => expect(bytes(n)).toBe(text));

test.each([
  [5.1234, '5.12'],
  [0.0512, '0.0512'],
  [1234.5, '1235'],
  [0, '0'],
])('the measured %d reads %s', (n, text) => expect(measure(n)).toBe(text));

test('a ratio of 0.855 is 85.5 %', () => expect(percent(0.855)).toBe('85.5 %'));

test.each([
  [10_000, 'just now'],
  [300_000, '5 min ago'],
  [7_200_000, '2 h ago'],
  [90_000_000, 'yesterday'],
  [864_000_000, '3 Nov 2026'],
])('%d ms before reads %s', (before, text) => {
  const now = Date.parse('2026-11-13T12:00:00Z');
  expect(ago(new Date(now - before).toISOString(), now)).toBe(text);
});

test('one is singular, all else plural', () => {
  expect([0, 1, 2].map((n) => count(n, 'case'))).toEqual(['0 cases', '1 case', '2 cases']);
});
