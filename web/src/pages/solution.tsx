// The part of a lab page where the work is written, or dropped, and sent.
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import * as api from '../api';
import { draftsOf, type Drafts } from '../drafts';
import { bytes } from '../format';
import { failed, ready, waiting, type Load } from '../load';
import { CodeEditor } from '../parts/code-editor';
import { CopyLine } from '../parts/copy';
import { DropZone } from '../parts/drop-zone';
import { limitLine } from '../parts/facts';
import { FormProblem, Waiting } from '../parts/states';
import { navigate, submissionPath } from '../router';
import type { FileRule, Lab, User } from '../shapes';

interface WorkFile {
  rule: FileRule;
  starter: string;
  text: string;
  revision: number; // counts the times when `text` came from outside the editor
}

type Sending = { is: 'idle' } | { is: 'sending' } | { is: 'refused'; why: api.Problem };

interface Work {
  files: Signal<Load<WorkFile[]>>;
  open: Signal<string>; // the file in the editor
  sending: Signal<Sending>;
  said: Signal<string>;
  drafts: Drafts;
}

export function SolutionTab({ lab, user }: { lab: Lab; user: User }) {
  const work = useWork(lab, user);
  const files = work.files.value;
  if (files.is === 'waiting') return <Waiting what="the starter" />;
  if (files.is === 'failed') return <p role="alert">{files.why.message}</p>;
  const file = files.value.find((f) => f.rule.name === work.open.value) ?? files.value[0];
  if (file === undefined) return <p>This lab wants no files.</p>;
  return (
    <section class="solution" aria-labelledby="solution-title">
      <h2 id="solution-title" class="visually-hidden">
        Your solution
      </h2>
      <DropZone onFiles={(dropped) => void takeFiles(work, lab, dropped)}>
        <FileBar work={work} lab={lab} files={files.value} open={file} />
        <CodeEditor
          label={`Your ${file.rule.name}`}
          text={file.text}
          revision={file.revision}
          onChange={(text) => edit(work, file.rule.name, text)}
          onSubmit={() => void send(work, lab)}
        />
      </DropZone>
      <SubmitBar work={work} lab={lab} />
      <Elsewhere lab={lab} />
    </section>
  );
}

function useWork(lab: Lab, user: User): Work {
  const work = useMemo<Work>(
    () => ({
      files: signal<Load<WorkFile[]>>(waiting),
      open: signal(lab.files[0] ?? ''),
      sending: signal<Sending>({ is: 'idle' }),
      said: signal(''),
      drafts: draftsOf(localStorage, user.login, lab.id),
    }),
    [lab, user],
  );
  useEffect(() => {
    Promise.all(lab.file_rules.map((rule) => loadFile(lab, rule, work.drafts))).then(
      (files) => (work.files.value = ready(files)),
      (error: unknown) => (work.files.value = failed(error)),
    );
  }, [work]);
  return work;
}

async function loadFile(lab: Lab, rule: FileRule, drafts: Drafts): Promise<WorkFile> {
  const path = `starter/${rule.name}`;
  const given = lab.provided.some((p) => p.path === path);
  const starter = given ? await api.getLabFile(lab.id, path) : '';
  return { rule, starter, text: drafts.read(rule.name) ?? starter, revision: 0 };
}

// --- what can be done with it

function edit(work: Work, name: string, text: string): void {
  change(work, name, (file) => ({ ...file, text }));
  work.said.value = work.drafts.write(name, text)
    ? 'Draft saved in this browser'
    : 'Draft not saved: storage is full or off';
}

function change(work: Work, name: string, to: (file: WorkFile) => WorkFile): void {
  const files = work.files.value;
  if (files.is !== 'ready') return;
  work.files.value = ready(files.value.map((f) => (f.rule.name === name ? to(f) : f)));
}

const replaceBy = (work: Work, name: string, text: string): void =>
  change(work, name, (file) => ({ ...file, text, revision: file.revision + 1 }));

function reset(work: Work, file: WorkFile): void {
  if (!confirm(`Replace your ${file.rule.name} by the starter? Your draft is lost.`)) return;
  replaceBy(work, file.rule.name, file.starter);
  work.drafts.drop(file.rule.name);
  work.said.value = `${file.rule.name} is the starter again`;
}

/** Files from disk go where their name says; with one required file, any name will do. */
async function takeFiles(work: Work, lab: Lab, files: File[]): Promise<void> {
  for (const file of files) {
    const only = lab.file_rules.length === 1 && files.length === 1 ? lab.file_rules[0] : undefined;
    const rule = lab.file_rules.find((r) => r.name === file.name) ?? only;
    if (rule === undefined) {
      work.said.value = `${file.name} is not one of ${lab.files.join(', ')}`;
    } else if (file.size > rule.max_bytes) {
      work.said.value = `${file.name} has ${bytes(file.size)}; the limit is ${bytes(rule.max_bytes)}`;
    } else {
      const text = await file.text();
      replaceBy(work, rule.name, text);
      work.drafts.write(rule.name, text);
      work.open.value = rule.name;
      work.said.value = `${file.name} is in the editor, not sent yet`;
    }
  }
}

async function send(work: Work, lab: Lab): Promise<void> {
  const files = work.files.value;
  if (files.is !== 'ready' || work.sending.value.is === 'sending') return;
  work.sending.value = { is: 'sending' };
  try {
    const sent = files.value.map((f) => ({ name: f.rule.name, text: f.text }));
    navigate(submissionPath((await api.submit(lab.id, sent)).id));
  } catch (error) {
    const outcome = failed(error);
    if (outcome.is === 'failed') work.sending.value = { is: 'refused', why: outcome.why };
  }
}

// --- how it looks

function FileBar({ work, lab, files, open }: { work: Work; lab: Lab; files: WorkFile[]; open: WorkFile }) {
  return (
    <div class="file-bar">
      {files.map((f) => (
        <button
          key={f.rule.name}
          type="button"
          class="file-tab"
          aria-pressed={f === open}
          onClick={() => (work.open.value = f.rule.name)}
        >
          {f.rule.name}
        </button>
      ))}
      <span class="file-said muted" role="status">
        {work.said.value || (open.text === open.starter ? 'Starter' : 'Your draft')}
      </span>
      <label class="button quiet small pick">
        Open file…
        <input
          type="file"
          multiple={lab.files.length > 1}
          accept=".c,.h,.cu,.cuh,text/*"
          onChange={(event) => pick(event, work, lab)}
        />
      </label>
      <button
        type="button"
        class="button quiet small"
        disabled={open.text === open.starter}
        onClick={() => reset(work, open)}
      >
        Reset
      </button>
    </div>
  );
}

function pick(event: Event, work: Work, lab: Lab): void {
  const input = event.currentTarget as HTMLInputElement;
  const files = [...(input.files ?? [])];
  input.value = ''; // so that the same file can be chosen again after it changed
  void takeFiles(work, lab, files);
}

function SubmitBar({ work, lab }: { work: Work; lab: Lab }) {
  const now = work.sending.value;
  return (
    <div class="submit-bar">
      <p class="muted">{limitLine(lab)}</p>
      <div class="submit-row">
        <p class="muted keys">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> submits. <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the editor.
        </p>
        <button
          type="button"
          class="button primary"
          disabled={now.is === 'sending'}
          onClick={() => void send(work, lab)}
        >
          {now.is === 'sending' ? 'Submitting…' : 'Submit'}
        </button>
      </div>
      <FormProblem why={now.is === 'refused' ? now.why : null} />
    </div>
  );
}

function Elsewhere({ lab }: { lab: Lab }) {
  const files = lab.files.map((name) => `-F file=@${name}`).join(' ');
  return (
    <details class="elsewhere">
      <summary>From a terminal</summary>
      <p class="muted">
        Grade offline, as often as you like; or send by curl with a <a href="/tokens">token</a>.
      </p>
      <CopyLine label="Grade offline" text={`grade run ${lab.id} ${lab.files.join(' ')}`} />
      <CopyLine
        label="Submit by curl"
        text={`curl -H "Authorization: Bearer $TOKEN" ${files} "${location.origin}/api/v1/labs/${lab.id}/submissions?wait=60"`}
      />
    </details>
  );
}
