// wasm-bindgen's tests take a global `self` for a worker's, which Node has not and Bun has.
globalThis.self = undefined;
