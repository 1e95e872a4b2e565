import { signal, useSignal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import * as api from '../api';
import { ago, day } from '../format';
import { failed, ready, waiting, type Load } from '../load';
import { CopyLine } from '../parts/copy';
import { useTitle } from '../parts/shell';
import { Failed, FormProblem, Waiting } from '../parts/states';
import type { Scope, Token } from '../shapes';

interface State {
  tokens: Signal<Load<Token[]>>;
  /** Known only until the page is left; the server keeps a hash. */
  secret: Signal<{ name: string; secret: string } | null>;
  refused: Signal<api.Problem | null>;
}

const SCOPES: { scope: Scope; says: string }[] = [
  { scope: 'submit', says: 'send submissions' },
  { scope: 'read', says: 'read labs, submissions and reports' },
];

export function TokensPage() {
  useTitle('Tokens');
  const state = useTokens();
  const tokens = state.tokens.value;
  if (tokens.is === 'waiting') return <Waiting what="your tokens" />;
  if (tokens.is === 'failed') return <Failed why={tokens.why} />;
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Tokens</h1>
        <p class="muted">For curl, scripts and CI. A token acts as you, within its scopes.</p>
      </div>
      <CreateForm state={state} />
      <NewSecret state={state} />
      <section class="panel" aria-labelledby="tokens-title">
        <h2 id="tokens-title">Your tokens</h2>
        {tokens.value.length === 0 ? (
          <p class="muted">None yet.</p>
        ) : (
          <TokenTable tokens={tokens.value} onRevoke={(token) => void revoke(state, token)} />
        )}
      </section>
    </>
  );
}

function useTokens(): State {
  const state = useMemo<State>(
    () => ({ tokens: signal<Load<Token[]>>(waiting), secret: signal(null), refused: signal(null) }),
    [],
  );
  useEffect(() => {
    api.getTokens().then(
      (tokens) => (state.tokens.value = ready(tokens)),
      (error: unknown) => (state.tokens.value = failed(error)),
    );
  }, [state]);
  return state;
}

async function create(state: State, name: string, scopes: Scope[]): Promise<boolean> {
  try {
    const { token, secret } = await api.createToken(name, scopes);
    state.refused.value = null;
    state.secret.value = { name, secret };
    if (state.tokens.value.is === 'ready') state.tokens.value = ready([token, ...state.tokens.value.value]);
    return true;
  } catch (error) {
    const outcome = failed(error);
    if (outcome.is === 'failed') state.refused.value = outcome.why;
    return false;
  }
}

async function revoke(state: State, token: Token): Promise<void> {
  if (!confirm(`Revoke "${token.name}"? What uses it stops working at once.`)) return;
  try {
    await api.revokeToken(token.id);
    if (state.tokens.value.is === 'ready')
      state.tokens.value = ready(state.tokens.value.value.filter((t) => t.id !== token.id));
  } catch (error) {
    const outcome = failed(error);
    if (outcome.is === 'failed') state.refused.value = outcome.why;
  }
}

function CreateForm({ state }: { state: State }) {
  const sending = useSignal(false);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const scopes = SCOPES.map((s) => s.scope).filter((scope) => data.has(scope));
    sending.value = true;
    if (await create(state, String(data.get('name')), scopes)) form.reset();
    sending.value = false;
  };
  return (
    <section class="panel" aria-labelledby="create-title">
      <h2 id="create-title">Create a token</h2>
      <form class="token-form" onSubmit={(event) => void onSubmit(event)}>
        <div>
          <label for="token-name">Name</label>
          <input
            id="token-name"
            name="name"
            placeholder="laptop"
            maxLength={64}
            autocomplete="off"
            required
          />
        </div>
        <fieldset>
          <legend>Scopes</legend>
          {SCOPES.map(({ scope, says }) => (
            <label key={scope} class="check">
              <input type="checkbox" name={scope} defaultChecked /> <code>{scope}</code>{' '}
              <span class="muted">{says}</span>
            </label>
          ))}
        </fieldset>
        <button type="submit" class="button primary" disabled={sending.value}>
          Create
        </button>
      </form>
      <FormProblem why={state.refused.value} />
    </section>
  );
}

function NewSecret({ state }: { state: State }) {
  const made = state.secret.value;
  return (
    <div role="status">
      {made !== null && (
        <section class="panel secret" aria-labelledby="secret-title">
          <h2 id="secret-title">{made.name}: copy it now</h2>
          <p class="lead">It is shown this once; the server keeps only a hash of it.</p>
          <CopyLine label="Token" text={made.secret} />
          <p class="lead muted">Ready to try, with a file of lab 3.2:</p>
          <CopyLine
            label="curl line"
            text={`curl -H "Authorization: Bearer ${made.secret}" -F file=@formats.c "${location.origin}/api/v1/labs/3.2/submissions?wait=60"`}
          />
        </section>
      )}
    </div>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke(token: Token): void }) {
  const nowMs = Date.now();
  return (
    <div class="scroll" tabIndex={0}>
      <table class="tokens">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Created</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((t) => (
            <tr key={t.id}>
              <th scope="row">{t.name}</th>
              <td>
                {t.scopes.map((s) => (
                  <span key={s} class="chip">
                    {s}
                  </span>
                ))}
              </td>
              <td>{day(t.created_at)}</td>
              <td>{t.last_used_at === null ? 'never' : ago(t.last_used_at, nowMs)}</td>
              <td>
                <button
                  type="button"
                  class="button quiet small danger"
                  aria-label={`Revoke ${t.name}`}
                  onClick={() => onRevoke(t)}
                >
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
