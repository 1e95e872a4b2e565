// What stands around every page.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { User } from '../shapes';

export function Mark() {
  return (
    <svg class="mark" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M9 25v-7M16 25V13M23 25V8" />
    </svg>
  );
}

interface ShellProps {
  user: User;
  at: 'labs' | 'tokens' | null;
  path: string;
  onSignOut(): void;
  children: ComponentChildren;
}

export function Shell({ user, at, path, onSignOut, children }: ShellProps) {
  const main = useFocusOnArrival(path);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/labs">
          <Mark /> graded
        </a>
        <nav aria-label="Main">
          <a href="/labs" aria-current={at === 'labs' ? 'page' : undefined}>
            Labs
          </a>
          <a href="/tokens" aria-current={at === 'tokens' ? 'page' : undefined}>
            Tokens
          </a>
        </nav>
        <span class="who">{user.name}</span>
        <button type="button" class="button quiet small" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** After a move within the app a screen reader is told of the new page, as a browser would tell it. */
function useFocusOnArrival(path: string) {
  const main = useRef<HTMLElement>(null);
  const arrivedAt = useRef(path);
  useEffect(() => {
    if (arrivedAt.current === path) return;
    arrivedAt.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}

export function Crumbs({ trail }: { trail: { title: string; href?: string }[] }) {
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <ol>
        {trail.map(({ title, href }) => (
          <li key={title}>{href === undefined ? <span>{title}</span> : <a href={href}>{title}</a>}</li>
        ))}
      </ol>
    </nav>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · graded`;
  }, [title]);
}
