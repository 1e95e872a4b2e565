// Expected and actual, side by side, and where they part.
import { markDifferences, plainLines, type MarkedLine } from '../diff';
import type { Failure } from '../shapes';
import { Icon } from './icon';

export function FailingCase({ failure, id }: { failure: Failure; id: string }) {
  return (
    <div class="case">
      {failure.case !== null && (
        <p class="case-name">
          <span class="muted">Case</span> {failure.case}
        </p>
      )}
      <Sides expected={failure.expected} actual={failure.actual} id={id} />
      {failure.hint !== null && <Hint text={failure.hint} />}
    </div>
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

/** A crash has an outcome and nothing that was expected: then there is one side, and nothing to mark. */
function Sides({ expected, actual, id }: { expected: string | null; actual: string | null; id: string }) {
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
