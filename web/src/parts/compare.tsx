// Expected and actual, side by side, and where they part.
import { markDifferences, plainLines, type MarkedLine } from '../diff';
import type { Failure, Frame } from '../shapes';
import { CopyLine } from './copy';
import { Icon } from './icon';

export function FailingCase({ failure, id }: { failure: Failure; id: string }) {
  return (
    <div class="case">
      {failure.case !== null && (
        <p class="case-name">
          <span class="muted">Case</span> {failure.case}
        </p>
      )}
      {failure.found_as != null && (
        <p class="muted case-found">
          The smallest that still fails in this way; found as: {failure.found_as}
        </p>
      )}
      {failure.arguments != null && <Arguments text={failure.arguments} id={`${id}-arguments`} />}
      <Sides failure={failure} id={id} />
      {failure.stack !== undefined && failure.stack.length > 0 && <Stack frames={failure.stack} />}
      {failure.hint !== null && <Hint text={failure.hint} />}
      {failure.reproduce != null && (
        <div class="case-command">
          <p class="muted">See it alone, offline and in full:</p>
          <CopyLine label={`Command for ${failure.case ?? 'this case'}`} text={failure.reproduce} />
        </div>
      )}
    </div>
  );
}

/** What the failing call was given, one argument a line. */
function Arguments({ text, id }: { text: string; id: string }) {
  return (
    <details class="case-arguments">
      <summary id={id}>Arguments of the call</summary>
      <pre class="scroll" tabIndex={0} role="region" aria-labelledby={id}>
        {text}
      </pre>
    </details>
  );
}

/** The learner's own lines, the one that crashed first. */
function Stack({ frames }: { frames: Frame[] }) {
  return (
    <ol class="stack" aria-label="Where it crashed">
      {frames.map((frame, i) => (
        <li key={i}>
          <code>
            {frame.file}:{frame.line}
          </code>{' '}
          in <code>{frame.function}</code>
        </li>
      ))}
    </ol>
  );
}

export function Hint({ text }: { text: string }) {
  return (
    <p class="hint">
      <Icon name="hint" size={18} />
      <span>
        <strong>Hint</strong> {text}
      </span>
    </p>
  );
}

/** Where one side is missing, or nothing of both can be compared (a crash), nothing is marked. */
function Sides({ failure, id }: { failure: Failure; id: string }) {
  const { expected, actual } = failure;
  if (expected === null && actual === null) return null;
  if (expected === null || actual === null)
    return (
      <div class="sides">
        <Side
          title={actual === null ? 'Expected' : 'Actual'}
          lines={plainLines(expected ?? actual ?? '')}
          id={id}
        />
      </div>
    );
  if (failure.difference === null)
    return (
      <div class="sides">
        <Side title="Expected" lines={plainLines(expected)} id={`${id}-expected`} />
        <Side title="Actual" lines={plainLines(actual)} id={`${id}-actual`} />
      </div>
    );
  const marked = markDifferences(expected, actual);
  return (
    <>
      <div class="sides">
        <Side title="Expected" lines={marked.expected} id={`${id}-expected`} />
        <Side title="Actual" lines={marked.actual} id={`${id}-actual`} />
      </div>
      <p class="muted case-at">
        {marked.at === null
          ? 'The excerpts are equal as text.'
          : `First difference: line ${marked.at.line}, column ${marked.at.column}.`}
      </p>
    </>
  );
}

function Side({ title, lines, id }: { title: string; lines: MarkedLine[]; id: string }) {
  return (
    <div class={`side side-${title.toLowerCase()}`}>
      <p class="side-title" id={id}>
        {title}
      </p>
      <pre class="scroll" tabIndex={0} role="region" aria-labelledby={id}>
        {lines.map((line, i) => (
          <span key={i} class={line.differs ? 'line differs' : 'line'}>
            {line.pieces.map((piece, j) =>
              piece.first ? <mark key={j}>{piece.text || '∅'}</mark> : piece.text,
            )}
            {'\n'}
          </span>
        ))}
      </pre>
    </div>
  );
}
