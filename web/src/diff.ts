// Where do expected and actual part? Both are excerpts, a few lines each, so lines are compared with
// lines of the same number: what a learner wants is the first place that differs, not an edit script.

export interface Piece {
  text: string;
  first: boolean; // holds the first difference of the whole text
}

export interface MarkedLine {
  differs: boolean;
  pieces: Piece[];
}

export interface Marked {
  expected: MarkedLine[];
  actual: MarkedLine[];
  /** 1-based, by character; null: the texts are equal. */
  at: { line: number; column: number } | null;
}

export function markDifferences(expected: string, actual: string): Marked {
  const left = linesOf(expected);
  const right = linesOf(actual);
  const first = firstDifference(left, right);
  const mark = (own: string[], other: string[]): MarkedLine[] =>
    own.map((line, i) => ({
      differs: line !== other[i],
      pieces:
        first !== null && first.line === i ? around(line, first.column) : [{ text: line, first: false }],
    }));
  return {
    expected: mark(left, right),
    actual: mark(right, left),
    at: first && { line: first.line + 1, column: first.column + 1 },
  };
}

/** A text that is compared with nothing. */
export const plainLines = (text: string): MarkedLine[] =>
  linesOf(text).map((line) => ({ differs: false, pieces: [{ text: line, first: false }] }));

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.length > 1 && lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function firstDifference(left: string[], right: string[]): { line: number; column: number } | null {
  for (let line = 0; line < Math.max(left.length, right.length); line++) {
    const a = left[line];
    const b = right[line];
    if (a === undefined || b === undefined) return { line, column: 0 };
    if (a !== b) return { line, column: firstDifferentColumn(a, b) };
  }
  return null;
}

function firstDifferentColumn(a: string, b: string): number {
  let column = 0;
  while (column < a.length && column < b.length && a[column] === b[column]) column++;
  return column;
}

/** The line in up to three pieces, the middle one being the whole word around `column`: one hex digit
 *  of "3f" says little, the byte says all. */
function around(line: string, column: number): Piece[] {
  const blank = (i: number): boolean => line[i] === undefined || /\s/.test(line[i]);
  let start = Math.min(column, line.length);
  let end = start;
  while (start > 0 && !blank(start - 1)) start--;
  while (end < line.length && !blank(end)) end++;
  return [
    { text: line.slice(0, start), first: false },
    { text: line.slice(start, end), first: true },
    { text: line.slice(end), first: false },
  ].filter((piece) => piece.text !== '' || piece.first);
}
