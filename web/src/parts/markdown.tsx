import { useMemo } from 'preact/hooks';
import { renderMarkdown } from '../markdown';

export function Markdown({ text, fileUrl }: { text: string; fileUrl: (path: string) => string }) {
  const html = useMemo(() => renderMarkdown(text, fileUrl), [text]);
  return <div class="prose" dangerouslySetInnerHTML={{ __html: html }} />;
}
