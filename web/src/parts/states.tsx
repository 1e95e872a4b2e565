// The two states of a page that is not ready.
import type { Problem } from '../api';

export function Waiting({ what }: { what: string }) {
  return (
    <div class="waiting" role="status">
      <span class="visually-hidden">Loading {what}</span>
      <span class="bone wide" />
      <span class="bone" />
      <span class="bone" />
    </div>
  );
}

export function Failed({ why }: { why: Problem }) {
  const missing = why.status === 404;
  return (
    <section class="problem">
      <p class="problem-status" aria-hidden="true">
        {why.status === 0 ? 'Offline' : why.status}
      </p>
      <h1 tabIndex={-1}>{missing ? 'Not found' : why.details.title}</h1>
      <p>{missing ? 'There is nothing at this address, or it is not yours to see.' : why.message}</p>
      {why.details.request_id !== undefined && (
        <p class="muted">
          Request <code>{why.details.request_id}</code>: quote it when you ask for help.
        </p>
      )}
      <p class="row">
        <a class="button" href="/labs">
          All labs
        </a>
        {!missing && (
          <button type="button" class="button quiet" onClick={() => location.reload()}>
            Try again
          </button>
        )}
      </p>
    </section>
  );
}

/** What went wrong with a form, said at once to a screen reader. */
export function FormProblem({ why }: { why: Problem | null }) {
  return (
    <div class="form-problem" role="alert">
      {why !== null && (
        <>
          <p>{why.message}</p>
          {why.details.errors !== undefined && (
            <ul>
              {why.details.errors.map((e) => (
                <li key={e.pointer}>
                  <code>{e.pointer}</code> {e.detail}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}
