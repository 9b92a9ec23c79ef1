// The manager itself: its checklist, its certificate, a request by hand.
import { useGet } from '../kit/api';
import { OwnCertificate, OwnReadiness, OwnRoots } from '../kit/own_certificate';
import { useMay } from '../kit/session';
import { Card, Head, Level, State, To } from '../kit/show';
import { Loaded } from '../kit/states';
import { Short } from '../kit/table';

/** By the table that systems are judged by. */
function OwnLevel() {
  const own = useGet('GET /own-level');
  return (
    <Loaded of={own} operation="GET /own-level" lines={6}>
      {(one) => (
        <Card title="Its own level" aside={<Level level={one.level} />}>
          <p>{one.why}</p>
          <Short
            label="Services and clients of the manager"
            heads={['Service or client', 'Level', 'Evidence', 'What would raise it']}
            rows={one.protocols.map((row) => [<b>{row.name}</b>, row.open ? <Level level={row.level} /> : <State value="closed" tone="plain" label={row.client ? 'not in use' : 'closed'} />, row.evidence, row.open ? [row.raise_by, row.counts ? '' : 'It does not count for the level.'].filter(Boolean).join('. ') || '–' : '–'])}
          />
        </Card>
      )}
    </Loaded>
  );
}

export default function About() {
  const about = useGet('GET /about');
  const may = useMay();
  return (
    <>
      <Head title="This manager">
        {about.data && `${about.data.product} at ${about.data.host_name}`} {may('PATCH /policy') && <To href="/set-up/name">Change its name</To>}
      </Head>
      <div className="stack">
        <OwnLevel />
        <OwnReadiness title="Is it ready for Secure-Only?" />
        <OwnCertificate />
        <OwnRoots />
      </div>
    </>
  );
}
