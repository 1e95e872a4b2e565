import { signal } from '@preact/signals';
import type { Problem } from '../api';
import { failed } from '../load';
import { Mark, useTitle } from '../parts/shell';
import { FormProblem } from '../parts/states';
import { signIn } from '../session';

type Attempt = { is: 'idle' } | { is: 'sending' } | { is: 'refused'; why: Problem };
const attempt = signal<Attempt>({ is: 'idle' });

async function onSubmit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  attempt.value = { is: 'sending' };
  try {
    await signIn(String(form.get('login')), String(form.get('password')));
    attempt.value = { is: 'idle' };
  } catch (error) {
    const outcome = failed(error);
    if (outcome.is === 'failed') attempt.value = { is: 'refused', why: outcome.why };
  }
}

export function SignInPage() {
  useTitle('Sign in');
  const now = attempt.value;
  return (
    <main class="sign-in">
      <p class="brand">
        <Mark /> graded
      </p>
      <h1>Sign in</h1>
      <p class="muted">Labs on LLM inference internals, in C and CUDA.</p>
      <form onSubmit={(event) => void onSubmit(event)}>
        <label for="login">Login</label>
        <input
          id="login"
          name="login"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus
        />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <FormProblem why={now.is === 'refused' ? now.why : null} />
        <button type="submit" class="button primary" disabled={now.is === 'sending'}>
          {now.is === 'sending' ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
