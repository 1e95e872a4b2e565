// C source to coloured pieces, by the same grammar and the same class names as the editor.
import { parser } from '@lezer/cpp';
import { classHighlighter, highlightCode } from '@lezer/highlight';

export interface Token {
  text: string;
  classes: string; // "" for plain text
}

export function highlightLines(code: string): Token[][] {
  const lines: Token[][] = [[]];
  highlightCode(
    code,
    parser.parse(code),
    classHighlighter,
    (text, classes) => lines[lines.length - 1]?.push({ text, classes }),
    () => lines.push([]),
  );
  return lines;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => ESCAPES[c] ?? c);

export const highlightHtml = (code: string): string =>
  highlightLines(code)
    .map((line) =>
      line
        .map(({ text, classes }) =>
          classes === '' ? escapeHtml(text) : `<span class="${classes}">${escapeHtml(text)}</span>`,
        )
        .join(''),
    )
    .join('\n');
