/**
 * A deployment is a snapshot of the API as it stands. Unless it waits for the gateway responses, a stack's first one
 * may be taken without them, and callers would see API Gateway's own shapes. The framework names the deployment by
 * its instance id, and resolves no variable in a property's name, so this is code.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

module.exports = async ({ resolveVariable }) => {
  const instanceId = await resolveVariable('sls:instanceId');
  const responses = readFileSync(join(__dirname, 'gateway-responses.yml'), 'utf8').matchAll(/^ {2}(\w+):$/gm);
  return {
    extensions: {
      [`ApiGatewayDeployment${instanceId}`]: { DependsOn: [...responses].map(([, name]) => name) },
    },
  };
};
