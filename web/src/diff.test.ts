import { expect, test } from 'vitest';
import { markDifferences } from './diff';

const firstOf = (pieces: { text: string; first: boolean }[]): string | undefined =>
  pieces.find((p) => p.first)?.text;

test('equal texts have no first difference', () => {
  const marked = markDifferences('00 80\n88 88\n', '00 80\n88 88\n');
  expect(marked.at).toBeNull();
  expect(marked.expected.every((line) => !line.differs)).toBe(true);
});

test('the whole word around the first difference is marked, on both sides', () => {
  const marked = markDifferences('40 36 e0 46', '40 36 e4 46');
  expect(marked.at).toEqual({ line: 1, column: 8 });
  expect(firstOf(marked.expected[0]!.pieces)).toBe('e0');
  expect(firstOf(marked.actual[0]!.pieces)).toBe('e4');
});

test('pieces join to the line they came from', () => {
  const marked = markDifferences('a bc d', 'a bx d');
  expect(marked.expected[0]!.pieces.map((p) => p.text).join('')).toBe('a bc d');
});

test('only the first of several differing lines is marked as first, all are marked as differing', () => {
  const marked = markDifferences('a\nb\nc', 'a\nx\ny');
  expect(marked.expected.map((l) => l.differs)).toEqual([false, true, true]);
  expect(marked.expected.map((l) => firstOf(l.pieces))).toEqual([undefined, 'b', undefined]);
});

test('a text that ends early differs where it ends', () => {
  const marked = markDifferences('1\n2', '1');
  expect(marked.at).toEqual({ line: 2, column: 1 });
  expect(marked.actual).toHaveLength(1);
});

test('a longer line differs after the shorter one, and the shorter one shows an empty mark', () => {
  const marked = markDifferences('12', '12 34');
  expect(marked.at).toEqual({ line: 1, column: 3 });
  expect(firstOf(marked.expected[0]!.pieces)).toBe('12');
});

test('an empty answer still has a place for the mark', () => {
  const marked = markDifferences('3.5', '');
  expect(marked.actual[0]!.pieces).toEqual([{ text: '', first: true }]);
});
