import { render } from 'preact';
import { App } from './app';
import { startRouter } from './router';
import { SIGNED_OUT } from './api';
import { forgetSession, loadSession } from './session';
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/report.css';
import './style/pages.css';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
startRouter();
addEventListener(SIGNED_OUT, forgetSession);
void loadSession();
render(<App />, root);
