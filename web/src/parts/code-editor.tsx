// The editor's place on the page: as high before CodeMirror has come as after.
import { useEffect, useRef } from 'preact/hooks';
import type { Editor } from '../codemirror';

interface CodeEditorProps {
  label: string;
  /** Shown; a change from outside (another file, a reset) replaces what is in the editor. */
  text: string;
  onChange(text: string): void;
  onSubmit(): void;
}

export function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let gone = false;
    void import('../codemirror').then(({ createEditor }) => {
      if (gone || host.current === null) return;
      editor.current = createEditor(host.current, {
        text: latest.current.text,
        label: latest.current.label,
        onChange: (text) => latest.current.onChange(text),
        onSubmit: () => latest.current.onSubmit(),
      });
    });
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [props.label]);

  useEffect(() => {
    if (editor.current !== null && editor.current.text() !== props.text) editor.current.replace(props.text);
  }, [props.text]);

  return <div class="editor" ref={host} />;
}
