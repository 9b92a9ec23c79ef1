// The manager's own authority: what issues, its revocation list, the replacement of its root, a root that is kept elsewhere.
import { Alert, Button, Group } from '@mantine/core';
import type { Authority } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { download } from '../kit/csv';
import { fileText } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, Fact, Facts, Head, plainWords, several, State, To, When } from '../kit/show';
import { Loaded } from '../kit/states';
import { Short } from '../kit/table';

const phases: Record<string, string> = {
  distribute: 'The new root goes to every system; the old one still counts.',
  change: 'Certificates below the new root are given out.',
  withdraw: 'The old root leaves the systems.',
};

function Replacement({ authority }: { authority: Authority }) {
  const may = useMay();
  const ask = useAsk();
  const now = authority.replacement;
  if (!now) return null;
  return (
    <Alert color="blue" title={`The root is being replaced: ${plainWords(now.phase).toLowerCase()}`}>
      <p>
        {phases[now.phase]} Begun <When at={now.begun} with_ago /> by {now.by}.
      </p>
      <p>
        {now.waiting_for.in_all === 0 ? 'No system is waited for.' : `${several(now.waiting_for.in_all, 'system')} are waited for:`}{' '}
        {now.waiting_for.systems.map((one) => (
          <span key={one.id}>
            <To href={`/systems/${one.id}`}>{one.name}</To>{' '}
          </span>
        ))}
      </p>
      <Group>
        {may('POST /authority/replacement/advance') && (
          <Button size="xs" onClick={() => ask({ title: 'Go on to the next phase', button: 'Go on', fields: [{ name: 'accept_consequences', label: 'Leave behind the systems that are waited for', kind: 'check' }], run: (values) => call('POST /authority/replacement/advance', { body: { accept_consequences: Boolean(values.accept_consequences) } }) })}>
            Go on
          </Button>
        )}
        {may('DELETE /authority/replacement') && now.phase === 'distribute' && (
          <Button size="xs" variant="default" onClick={() => ask({ title: 'Give the replacement up', text: 'Systems forget the new root.', button: 'Give it up', danger: true, run: () => call('DELETE /authority/replacement') })}>
            Give it up
          </Button>
        )}
      </Group>
    </Alert>
  );
}

function Offline({ authority }: { authority: Authority }) {
  const may = useMay();
  const ask = useAsk();
  if (!may('POST /authority/export-root')) return null;
  const elsewhere = authority.authorities.some((one) => one.level === 'root' && one.state === 'current' && one.key === 'elsewhere');
  return (
    <Card title={elsewhere ? 'The root’s key is kept elsewhere' : 'Keep the root’s key elsewhere'}>
      <p className="dimmed">
        {elsewhere
          ? 'The manager issues with its issuing authority. Another one is requested here, signed where the root’s file is (countersign authority sign), and brought back.'
          : 'Export the root with a passphrase, keep the file safe, then let the manager drop its copy. It goes on issuing with the authority below the root.'}
      </p>
      <Group>
        {!elsewhere && (
          <>
            <Button variant="default" onClick={() => ask({ title: 'Export the root', button: 'Export', text: 'The file holds the root’s certificate and its key, encrypted.', fields: [{ name: 'passphrase', label: 'Passphrase', kind: 'new-password', required: true, help: '12 characters or more' }], run: async ({ passphrase }) => download('root.pem', (await call('POST /authority/export-root', { body: { passphrase } })).pem, 'application/x-pem-file') })}>
              1. Export the root
            </Button>
            <Button variant="default" color="red" onClick={() => ask({ title: 'Drop the root’s key here', danger: true, button: 'Drop it', text: 'The exported file is opened first, to be sure that it works.', fields: [{ name: 'file', label: 'The exported file', kind: 'file', required: true }, { name: 'passphrase', label: 'Passphrase', kind: 'password', required: true }], run: async ({ file, passphrase }) => call('POST /authority/take-offline', { body: { file: await fileText(file), passphrase } }) })}>
              2. Drop the key here
            </Button>
          </>
        )}
        <Button variant="default" onClick={() => ask({ title: 'Request another issuing authority', button: 'Make the request', fields: [{ name: 'replace', label: 'Give up a request that waits', kind: 'check' }], run: async ({ replace }) => download('intermediate-request.pem', (await call('POST /authority/request-intermediate', { body: { replace: Boolean(replace) } })).pem, 'application/x-pem-file') })}>
          Request an issuing authority
        </Button>
        <Button variant="default" onClick={() => ask({ title: 'Install the signed certificate', button: 'Install', fields: [{ name: 'file', label: 'The certificate', kind: 'file', required: true }], run: async ({ file }) => call('POST /authority/install-intermediate', { body: { certificate: await fileText(file) } }) })}>
          Install its certificate
        </Button>
        <Button variant="default" onClick={() => ask({ title: 'Bring the root’s revocation list', button: 'Bring it', fields: [{ name: 'file', label: 'The list', kind: 'file', required: true }], run: async ({ file }) => call('POST /authority/crl', { body: { list: await fileText(file) } }) })}>
          Bring a revocation list
        </Button>
      </Group>
    </Card>
  );
}

const listed = (some: string[]) => some.join(', ') || 'none';

/** What the authority issues for, by profile: the table that the manager is built with. */
function Profiles() {
  const profiles = useGet('GET /certificate-profiles');
  return (
    <Loaded of={profiles} operation="GET /certificate-profiles">
      {(page) => (
        <Card title="What certificates are issued for" aside={<To href="/settings/policy">One or two for a system</To>}>
          <Short
            label="Profiles of certificates"
            heads={['Profile', 'For', 'May be used for', 'Keys', 'Days', 'Names in it', 'Why so']}
            rows={page.profiles.map((one) => [
              <b>{one.title}</b>,
              one.for,
              listed(one.extended_key_usages.length ? one.extended_key_usages : one.key_usages),
              listed(one.key_types),
              `${one.days}, at most ${one.longest_days}`,
              listed([...(one.host_names ? ['host names'] : []), ...(one.addresses ? ['addresses'] : [])]),
              one.why,
            ])}
          />
        </Card>
      )}
    </Loaded>
  );
}

export default function Issuers() {
  const authority = useGet('GET /authority');
  const may = useMay();
  const ask = useAsk();
  return (
    <>
      <Head
        title="Issuers"
        actions={
          <>
            {may('POST /authority/renew-intermediate') && (
              <Button variant="default" onClick={() => ask({ title: 'Another issuing authority', text: 'One more below the root; the one before goes on for what it issued.', button: 'Make it', done: 'It issues from now on.', run: () => call('POST /authority/renew-intermediate') })}>
                Renew the issuing authority
              </Button>
            )}
            {may('POST /authority/replacement') && !authority.data?.replacement && (
              <Button variant="default" onClick={() => ask({ title: 'Replace the root', text: 'The new root goes to every system first, then certificates below it, then the old one leaves. Each phase waits for all systems.', button: 'Begin', done: 'The replacement has begun.', run: () => call('POST /authority/replacement') })}>
                Replace the root
              </Button>
            )}
          </>
        }
      >
        The manager’s own authority, which issues for systems and for the manager.
      </Head>
      <Loaded of={authority} lines={8} operation="GET /authority">
        {(one) => (
          <div className="stack">
            <Replacement authority={one} />
            <Card title="Authorities">
              <Short
                label="Authorities"
                heads={['Name', 'Kind', 'State', 'Ends', 'Key', 'Hierarchy']}
                rows={one.authorities.map((held) => [<To href={`/certificates/${held.fingerprint}`}>{held.subject}</To>, held.level === 'root' ? 'Root' : 'Issuing', <State value={held.state} />, <When at={held.not_after} day with_ago />, plainWords(held.key), held.hierarchy])}
              />
            </Card>
            <Card
              title="Revocation"
              aside={
                may('PATCH /authority') && (
                  <Button size="xs" variant="default" onClick={() => ask({ title: 'Where revocation is asked for', button: 'Save', text: 'New certificates name this place. It must be reachable over plain HTTP by those who verify.', fields: [{ name: 'http_base', label: 'Address', value: one.http_base, placeholder: 'http://manager.company.com', help: 'Empty: certificates name no place' }], run: ({ http_base }) => call('PATCH /authority', { body: { http_base: http_base ?? '' } }) })}>
                    Change the address
                  </Button>
                )
              }
            >
              <Facts>
                <Fact name="Revoked">{one.revoked}</Fact>
                <Fact name="Number of the list">{one.crl_number}</Fact>
                <Fact name="Made"><When at={one.crl_made} with_ago /></Fact>
                <Fact name="Next one by"><When at={one.crl_next_update} with_ago /></Fact>
                <Fact name="List">{one.crl_url}</Fact>
                <Fact name="OCSP">{one.ocsp_url}</Fact>
              </Facts>
            </Card>
            <Offline authority={one} />
            <Profiles />
          </div>
        )}
      </Loaded>
    </>
  );
}
