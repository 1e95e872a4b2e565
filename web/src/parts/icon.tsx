// Every meaning has a shape of its own, so that no colour is needed to tell verdicts apart.
import type { ComponentChildren } from 'preact';
import type { StageVerdict } from '../shapes';
import { shown } from '../report';

const check = <path d="M7.5 12.4l3 3 6-6.6" />;
const bang = (y: number) => (
  <>
    <path d={`M12 ${y - 6.4}v4.8`} />
    <path d={`M12 ${y}v.01`} />
  </>
);

const SHAPES = {
  accepted: (
    <>
      <circle cx="12" cy="12" r="9" />
      {check}
    </>
  ),
  partial: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path class="solid" d="M12 3a9 9 0 0 1 0 18z" />
    </>
  ),
  wrong_answer: (
    <>
      <rect x="3.5" y="3.5" width="17" height="17" rx="3" />
      <path d="M8.5 8.5l7 7M15.5 8.5l-7 7" />
    </>
  ),
  compile_error: (
    <>
      <path d="M8 4C5 4 7 11 4 12c3 1 1 8 4 8M16 4c3 0 1 7 4 8-3 1-1 8-4 8" />
      {bang(16)}
    </>
  ),
  runtime_error: (
    <>
      <path d="M12 3.5l9.5 16.5h-19z" />
      {bang(16.8)}
    </>
  ),
  time_limit: (
    <>
      <circle cx="12" cy="13" r="8" />
      <path d="M12 8.5V13l3 2M9.5 2.5h5" />
    </>
  ),
  memory_limit: (
    <>
      <rect x="6" y="6" width="12" height="12" rx="2" />
      <path d="M9 3v3M15 3v3M9 18v3M15 18v3M3 9h3M3 15h3M18 9h3M18 15h3" />
    </>
  ),
  output_limit: <path d="M4 5h16M4 10h16M4 15h10M17 15l4 4M21 15l-4 4" />,
  security_violation: (
    <>
      <path d="M12 3l8 3v6c0 5-3.5 7.8-8 9-4.5-1.2-8-4-8-9V6z" />
      {bang(15.5)}
    </>
  ),
  cancelled: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M5.8 5.8l12.4 12.4" />
    </>
  ),
  internal_error: (
    <>
      <path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z" />
      {bang(16)}
    </>
  ),
  new: <circle cx="12" cy="12" r="9" stroke-dasharray="2.6 3" />,
  started: (
    <>
      <circle cx="12" cy="12" r="9" />
      <circle class="solid" cx="12" cy="12" r="3" />
    </>
  ),
  running: <path d="M12 3a9 9 0 1 1-9 9" />,
  note: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 11v5.5M12 7.5v.01" />
    </>
  ),
  warning: (
    <>
      <path d="M12 3.5l9.5 16.5h-19z" />
      {bang(16.8)}
    </>
  ),
  hidden: (
    <>
      <rect x="5" y="11" width="14" height="9" rx="2" />
      <path d="M8 11V8a4 4 0 0 1 8 0v3" />
    </>
  ),
  hint: <path d="M9 17.5c0-2.5-3-3.6-3-7.3a6 6 0 0 1 12 0c0 3.7-3 4.8-3 7.3zM9.5 21h5" />,
  file: <path d="M6 3h8l4 4v14H6zM14 3v4h4" />,
} satisfies Record<string, ComponentChildren>;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}

export function VerdictIcon({ verdict, size = 16 }: { verdict: StageVerdict; size?: number }) {
  return <Icon name={verdict === 'ok' ? 'accepted' : verdict} size={size} />;
}

/** Icon and word together: the only way a verdict is ever shown. */
export function VerdictTag({ verdict }: { verdict: StageVerdict }) {
  const { word, tone } = shown(verdict);
  return (
    <span class={`verdict tone-${tone}`}>
      <VerdictIcon verdict={verdict} />
      {word}
    </span>
  );
}
