/** The auditor's page. It asks the verifier that serves it, and believes nothing that it has not verified itself. */
import { render } from 'preact';
import './styles/base.css';
import './styles/parts.css';
import './styles/views.css';
import './styles/print.css';
import { Boundary } from './parts/boundary.tsx';
import { Frame } from './parts/frame.tsx';
import { followAddress, type Route, route } from './state/route.ts';
import { showTheme, theme } from './state/theme.ts';
import { loadTrust, takePinFromLink } from './state/trust.ts';
import { AskView } from './views/ask.tsx';
import { FindingsView } from './views/findings.tsx';
import { ModelView } from './views/model.tsx';
import { NetworkView } from './views/network.tsx';
import { ReportView } from './views/report.tsx';
import { UsageView } from './views/usage.tsx';
import { VerifyView } from './views/verify.tsx';

function Page() {
  const { view, subject } = route.value;
  return (
    <Frame>
      <Boundary key={`${view} ${subject} ${theme.value}`}>
        <ViewOf view={view} subject={subject} />
      </Boundary>
    </Frame>
  );
}

function ViewOf({ view, subject }: Route) {
  switch (view) {
    case 'model':
      return <ModelView model={subject} />;
    case 'usage':
      return <UsageView model={subject} />;
    case 'network':
      return <NetworkView />;
    case 'findings':
      return <FindingsView />;
    case 'verify':
      return <VerifyView />;
    case 'report':
      return <ReportView />;
    default:
      return <AskView />;
  }
}

showTheme();
followAddress(takePinFromLink);
void loadTrust();
const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
