// Addresses. Paths hold a lab's slug, never its id: the server answers unknown paths without a dot
// with this app, and "3.2" has one.
import { signal } from '@preact/signals';

export type LabTab = 'handout' | 'solution' | 'attempts';

export type Route =
  | { page: 'home' }
  | { page: 'labs' }
  | { page: 'lab'; slug: string; tab: LabTab }
  | { page: 'submission'; id: string }
  | { page: 'tokens' }
  | { page: 'unknown' };

export function parseRoute(path: string): Route {
  const [first, second, third, ...rest] = path.split('/').filter((piece) => piece !== '');
  if (rest.length > 0) return { page: 'unknown' };
  if (first === undefined) return { page: 'home' };
  if (first === 'labs' && second !== undefined) return labRoute(decode(second), third);
  if (third !== undefined) return { page: 'unknown' };
  if (first === 'submissions' && second !== undefined) return { page: 'submission', id: decode(second) };
  if (second !== undefined) return { page: 'unknown' };
  if (first === 'labs' || first === 'tokens') return { page: first };
  return { page: 'unknown' };
}

function labRoute(slug: string, tab: string | undefined): Route {
  if (tab === undefined) return { page: 'lab', slug, tab: 'handout' };
  if (tab === 'solution' || tab === 'attempts') return { page: 'lab', slug, tab };
  return { page: 'unknown' };
}

function decode(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece; // "%zz" names nothing; the server will say so
  }
}

export const labPath = (slug: string, tab: LabTab = 'handout'): string =>
  `/labs/${encodeURIComponent(slug)}${tab === 'handout' ? '' : `/${tab}`}`;
export const submissionPath = (id: string): string => `/submissions/${encodeURIComponent(id)}`;

const here = (): string => (typeof location === 'undefined' ? '/' : location.pathname);
export const path = signal(here());

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(to, location.href);
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  path.value = url.pathname;
  if (how === 'push') scrollTo(0, 0);
}

/** Plain clicks on links to our own pages stay in the app; all others are the browser's. */
export function onLinkClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download')) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/') || url.hash !== '') return;
  event.preventDefault();
  navigate(url.pathname + url.search);
}

export function startRouter(): void {
  addEventListener('popstate', () => (path.value = here()));
  document.addEventListener('click', onLinkClick);
}
