// Who is signed in. `null`: nobody; then every page shows the sign-in form in its own place, so that
// the address a person came for is still there when they are in.
import { signal } from '@preact/signals';
import * as api from './api';
import { failed, ready, waiting, type Load } from './load';
import type { User } from './shapes';

export const session = signal<Load<User | null>>(waiting);

export async function loadSession(): Promise<void> {
  try {
    session.value = ready(await api.getMe());
  } catch (error) {
    session.value = isSignedOut(error) ? ready(null) : failed(error);
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  session.value = ready(await api.signIn(login, password));
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (error) {
    if (!isSignedOut(error)) throw error;
  }
  session.value = ready(null);
}

export function forgetSession(): void {
  session.value = ready(null);
}

const isSignedOut = (error: unknown): boolean => error instanceof api.Problem && error.status === 401;
