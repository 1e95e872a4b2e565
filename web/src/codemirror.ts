// CodeMirror, in a chunk of its own: only the solution page needs it. It lives in a shadow root, where
// it may add its styles under a Content-Security-Policy that forbids style elements.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { cpp } from '@codemirror/lang-cpp';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, Prec } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

export interface EditorOptions {
  text: string;
  label: string;
  onChange(text: string): void;
  onSubmit(): void;
}

export interface Editor {
  /** Sets the whole text; onChange is not told what it knows. */
  replace(text: string): void;
  destroy(): void;
}

const fromOutside = Annotation.define<boolean>();

const syntax = (...names: string[]): string => names.map((name) => `& .tok-${name}`).join(', ');

/** Custom properties come in through the shadow root's border, so light and dark need nothing here. */
const theme = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', color: 'var(--text)', backgroundColor: 'var(--code-bg)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-gutters': { color: 'var(--muted)', backgroundColor: 'var(--code-bg)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 10px 0 14px', minWidth: '34px' },
  '.cm-activeLine': { backgroundColor: 'var(--code-active)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--code-active)', color: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--selection)',
    outline: '1px solid var(--line-strong)',
  },
  '.cm-panels': { color: 'var(--text)', backgroundColor: 'var(--raised)', borderColor: 'var(--line)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', borderColor: 'var(--line-strong)' },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    borderColor: 'var(--line-strong)',
  },
  '.cm-searchMatch': { backgroundColor: 'var(--mark-bg)' },
  [syntax('keyword', 'modifier')]: { color: 'var(--syn-keyword)' },
  [syntax('typeName', 'className')]: { color: 'var(--syn-type)' },
  [syntax('string', 'string2')]: { color: 'var(--syn-string)' },
  [syntax('number', 'bool', 'literal')]: { color: 'var(--syn-number)' },
  [syntax('comment')]: { color: 'var(--syn-comment)' },
  [syntax('meta', 'macroName')]: { color: 'var(--syn-meta)' },
});

export function createEditor(host: HTMLElement, options: EditorOptions): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const submit = keymap.of([{ key: 'Mod-Enter', run: () => (options.onSubmit(), true) }]);
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        Prec.highest(submit), // before the default, which opens a line
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        indentUnit.of('    '),
        indentOnInput(),
        bracketMatching(),
        cpp(),
        syntaxHighlighting(classHighlighter),
        theme,
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          const ours = update.transactions.some((t) => t.annotation(fromOutside));
          if (update.docChanged && !ours) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    replace: (text) =>
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: fromOutside.of(true),
      }),
    destroy: () => view.destroy(),
  };
}
