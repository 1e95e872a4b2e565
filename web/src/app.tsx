// Picks the page for an address, and the sign-in form for someone who is not known.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { LabPage } from './pages/lab';
import { LabsPage } from './pages/labs';
import { SignInPage } from './pages/sign-in';
import { SubmissionPage } from './pages/submission';
import { TokensPage } from './pages/tokens';
import { UnknownPage } from './pages/unknown';
import { Shell } from './parts/shell';
import { Failed, Waiting } from './parts/states';
import { navigate, parseRoute, path, type Route } from './router';
import type { User } from './shapes';
import { session, signOut } from './session';

export function App() {
  const now = session.value;
  if (now.is === 'waiting') return <Bare body={<Waiting what="graded" />} />;
  if (now.is === 'failed') return <Bare body={<Failed why={now.why} />} />;
  if (now.value === null) return <SignInPage />;
  return <SignedIn user={now.value} />;
}

const Bare = ({ body }: { body: VNode }) => <main class="bare">{body}</main>;

function SignedIn({ user }: { user: User }) {
  const route = parseRoute(path.value);
  useEffect(() => {
    if (route.page === 'home') navigate('/labs', 'replace');
  }, [route.page]);
  return (
    <Shell user={user} at={sectionOf(route)} path={path.value} onSignOut={() => void leave()}>
      <Page route={route} user={user} />
    </Shell>
  );
}

async function leave(): Promise<void> {
  await signOut();
  navigate('/');
}

function sectionOf(route: Route): 'labs' | 'tokens' | null {
  if (route.page === 'tokens') return 'tokens';
  return route.page === 'unknown' ? null : 'labs';
}

function Page({ route, user }: { route: Route; user: User }) {
  switch (route.page) {
    case 'home':
    case 'labs':
      return <LabsPage />;
    case 'lab':
      return <LabPage key={route.slug} slug={route.slug} tab={route.tab} user={user} />;
    case 'submission':
      return <SubmissionPage key={route.id} id={route.id} />;
    case 'tokens':
      return <TokensPage />;
    case 'unknown':
      return <UnknownPage />;
  }
}
