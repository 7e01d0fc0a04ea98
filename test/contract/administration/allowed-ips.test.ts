import { administration } from '../../support/administration-fixture.ts';

test.each([
  ['10.0.0.1/8', 'Write 10.0.0.0/8, or 10.0.0.1 for that address alone.'],
  ['::ffff:1.2.3.4/24', 'Write it as IPv4'],
  ['example.org', 'write an address or a CIDR range'],
])('a service account that may call from %s is refused with what to write instead', async (range, remedy) => {
  const plane = administration();
  const project_id = await plane.newProject();
  const refused = await plane.call('POST /organization/projects/{project_id}/service_accounts', {
    path: { project_id },
    body: { name: 'worker', allowed_ips: ['203.0.113.0/24', range] },
  });
  expect(refused).toMatchObject({
    status: 400,
    body: {
      error: { code: 'invalid_value', param: 'allowed_ips[1]', message: expect.stringContaining(remedy) },
    },
  });
});
