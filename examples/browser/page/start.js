// Loads the page's code, which is Rust.
import init from './app.js';

try {
  await init();
} catch (error) {
  document.getElementById('status').textContent = 'Not connected';
  document.getElementById('status').dataset.state = 'closed';
  document.getElementById('notice-text').textContent =
    'This browser cannot run the page: it needs WebAssembly.';
  document.getElementById('notice').hidden = false;
  throw error;
}
