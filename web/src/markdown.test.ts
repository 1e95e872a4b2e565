import { expect, test } from 'vitest';
import { renderMarkdown } from './markdown';

const render = (text: string): string => renderMarkdown(text, (path) => `/files/${path}`);

test('the handout title is left to the page', () => {
  expect(render('# Lab 3.2\n\nText')).toBe('<p>Text</p>\n');
});

test('headings keep to h2 and below', () => {
  expect(render('# T\n\n## A\n\n### B\n')).toBe('<h2>A</h2>\n<h3>B</h3>\n');
  expect(render('# T\n\n# Again\n\n## A\n')).toBe('<h2>Again</h2>\n<h3>A</h3>\n');
});

test('a comment in shell code is no heading', () => {
  expect(render('## A\n\n```\n# a comment\n```\n')).toContain('<h2>A</h2>');
});

test('HTML is text', () => {
  expect(render('<img src=x onerror=alert(1)>')).toContain('&lt;img');
});

test('a javascript link is no link', () => {
  expect(render('[x](javascript:alert(1))')).not.toContain('<a');
});

test('relative links lead to the lab files, others stay', () => {
  expect(render('[h](lab.h)')).toContain('href="/files/lab.h"');
  expect(render('[h](https://example.org/a)')).toContain('href="https://example.org/a"');
});

test('a column aligned to the right has a class, no style', () => {
  const html = render('| n |\n| --: |\n| 1 |\n');
  expect(html).toContain('<td class="align-right">1</td>');
  expect(html).not.toContain('style=');
});

test('C is coloured and escaped', () => {
  const html = render('```c\nif (a < b) return "x";\n```\n');
  expect(html).toContain('<span class="tok-keyword">if</span>');
  expect(html).toContain('&lt;');
  expect(html).not.toContain('a < b');
});
