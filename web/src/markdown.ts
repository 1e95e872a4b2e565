// Handouts and lessons: Markdown to HTML. Raw HTML is off and markdown-it refuses javascript: links, so
// the result is safe to set as it is.
import MarkdownIt from 'markdown-it';
import { highlightHtml } from './highlight';

const C_LIKE = new Set(['c', 'h', 'cpp', 'c++', 'cuda', 'cu']);

function createRenderer(): MarkdownIt {
  const md = new MarkdownIt({
    html: false,
    typographer: false,
    highlight: (code, language) => (C_LIKE.has(language.toLowerCase()) ? highlightHtml(code) : ''),
  });
  // The page owns the only h1.
  md.core.ruler.push('headings_below_the_page', (state) => {
    for (const token of state.tokens)
      if (token.type.startsWith('heading_'))
        token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + shift(state.env))}`;
  });
  md.core.ruler.push('classes_for_styles', (state) => {
    for (const token of state.tokens) {
      const align = /^text-align:(\w+)$/.exec(token.attrGet('style') ?? '')?.[1];
      if (align === undefined) continue;
      token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style'); // the policy forbids it
      token.attrJoin('class', `align-${align}`);
    }
  });
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (...args) => (fence?.(...args) ?? '').replace('<pre>', '<pre tabindex="0">');
  md.renderer.rules['table_open'] = () => '<div class="scroll" tabindex="0"><table>\n';
  md.renderer.rules['table_close'] = () => '</table></div>\n';
  md.core.ruler.push('links_to_lab_files', (state) => {
    for (const token of state.tokens)
      for (const child of token.children ?? [])
        if (child.type === 'link_open')
          child.attrSet('href', resolve(child.attrGet('href') ?? '', state.env));
  });
  return md;
}

interface Env {
  hasTitle: boolean;
  fileUrl: (path: string) => string;
}

/** A handout without a "# title" starts at "##" already and stays there. */
const shift = (env: Env): number => (env.hasTitle ? 1 : 0);

function resolve(href: string, env: Env): string {
  const relative = !/^([a-z][a-z0-9+.-]*:|[/#])/i.test(href);
  return relative ? env.fileUrl(href.replace(/^\.\//, '')) : href;
}

const renderer = createRenderer();

export function renderMarkdown(text: string, fileUrl: (path: string) => string): string {
  const body = text.replace(/^\s*# [^\n]*\n/, ''); // the page shows the title
  const env: Env = { hasTitle: /^# /m.test(body.replace(/^(```|~~~)[^]*?^\1/gm, '')), fileUrl };
  return renderer.render(body, env);
}
