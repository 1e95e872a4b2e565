// A submitted file, folded to the lines that someone had something to say about.
import { useState } from 'preact/hooks';
import { count } from '../format';
import { highlightLines, type Token } from '../highlight';
import { stretchesAround, type Annotation, type Stretch } from '../report';
import { Icon } from './icon';

const CONTEXT_LINES = 3;

interface AnnotatedProps {
  name: string;
  source: string;
  notes: Annotation[];
}

export function AnnotatedFile({ name, source, notes }: AnnotatedProps) {
  const [whole, setWhole] = useState(false);
  const lines = highlightLines(source.replace(/\n$/, ''));
  const stretches: Stretch[] = whole
    ? [{ from: 1, to: lines.length }]
    : stretchesAround(
        notes.map((n) => n.line).filter((line) => line > 0),
        lines.length,
        CONTEXT_LINES,
      );
  return (
    <figure class="annotated">
      <figcaption>
        <Icon name="file" />
        <span class="annotated-name">{name}</span>
        <span class="muted">{notes.length > 0 ? count(notes.length, 'finding') : 'no findings'}</span>
        <button
          type="button"
          class="button quiet small"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? 'Only the findings' : `All ${count(lines.length, 'line')}`}
        </button>
      </figcaption>
      <div class="annotated-code scroll" tabIndex={0} role="region" aria-label={`Source of ${name}`}>
        {notes
          .filter((n) => n.line === 0)
          .map((n, i) => (
            <Note key={i} note={n} />
          ))}
        {stretches.map((s) => (
          <Excerpt key={s.from} stretch={s} lines={lines} notes={notes} />
        ))}
      </div>
    </figure>
  );
}

function Excerpt({ stretch, lines, notes }: { stretch: Stretch; lines: Token[][]; notes: Annotation[] }) {
  const numbers = Array.from({ length: stretch.to - stretch.from + 1 }, (_, i) => stretch.from + i);
  const notesOf = (line: number): Annotation[] =>
    notes.filter((n) => n.line > 0 && Math.min(n.line, lines.length) === line);
  return (
    <ol class="excerpt" start={stretch.from}>
      {numbers.map((line) => (
        <li key={line} id={`L${line}`} class={notesOf(line).length > 0 ? 'noted' : undefined}>
          <span class="line-number" aria-hidden="true">
            {line}
          </span>
          <code>
            {(lines[line - 1] ?? []).map((t, i) => (
              <span key={i} class={t.classes || undefined}>
                {t.text}
              </span>
            ))}
          </code>
          {notesOf(line).map((n, i) => (
            <Note key={i} note={n} />
          ))}
        </li>
      ))}
    </ol>
  );
}

export function Note({ note }: { note: Annotation }) {
  const icon =
    note.from !== 'compiler' ? 'runtime_error' : note.severity === 'error' ? 'wrong_answer' : note.severity;
  return (
    <div class={`note note-${note.severity}`}>
      <Icon name={icon} />
      <span>
        <strong>{note.from === 'compiler' ? note.severity : note.from}</strong> {note.message}
        {note.line > 0 && (
          <span class="muted">
            {' '}
            {note.line}
            {note.column > 0 && `:${note.column}`}
          </span>
        )}
      </span>
    </div>
  );
}
