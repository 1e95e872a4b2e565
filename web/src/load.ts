// What a page knows of something it asked for. A page that is neither waiting, failed nor ready does
// not type-check.
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Problem } from './api';

export type Load<T> = { is: 'waiting' } | { is: 'failed'; why: Problem } | { is: 'ready'; value: T };

export const waiting: Load<never> = { is: 'waiting' };
export const ready = <T>(value: T): Load<T> => ({ is: 'ready', value });

export function failed(error: unknown): Load<never> {
  if (error instanceof Problem) return { is: 'failed', why: error };
  const detail = error instanceof Error ? error.message : String(error);
  return { is: 'failed', why: new Problem({ status: 0, title: 'This page has a fault', detail }) };
}

/** Asks once for each `key`; an answer that comes after the key has changed is dropped. */
export function useLoad<T>(key: string, ask: () => Promise<T>): Signal<Load<T>> {
  const state = useMemo(() => signal<Load<T>>(waiting), [key]);
  useEffect(() => {
    ask().then(
      (value) => (state.value = ready(value)),
      (error: unknown) => (state.value = failed(error)),
    );
  }, [state]);
  return state;
}
