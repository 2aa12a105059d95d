export { PolicyHealthIndicator } from './policy.health.js';
