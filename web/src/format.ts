// Numbers and times as people read them. Pure: the present moment is an argument.

const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** 72.5, 100, 33.33: never a trailing zero, never more than two decimals. */
export const points = (n: number): string => trim(n.toFixed(2));

/** A measured value: three significant digits, more only before the point. */
export function measure(n: number): string {
  if (n === 0 || !Number.isFinite(n)) return String(n);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(n))));
  return n.toFixed(Math.min(decimals, 6));
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${trim((ms / 1000).toFixed(ms < 9_950 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${trim(n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0))} ${units[unit]}`;
}

export const percent = (ratio: number): string => `${trim((ratio * 100).toFixed(1))} %`;

const DAY_MS = 86_400_000;

/** "just now", "5 min ago", "3 h ago", "yesterday"; older ones are dates. */
export function ago(iso: string, nowMs: number): string {
  const elapsed = nowMs - Date.parse(iso);
  if (elapsed < 45_000) return 'just now';
  if (elapsed < 3_570_000) return `${Math.max(1, Math.round(elapsed / 60_000))} min ago`;
  if (elapsed < DAY_MS) return `${Math.round(elapsed / 3_600_000)} h ago`;
  if (elapsed < 2 * DAY_MS) return 'yesterday';
  return day(iso);
}

export const day = (iso: string): string =>
  new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

export const moment = (iso: string): string =>
  new Date(iso).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
