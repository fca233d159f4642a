# workerd with one worker, which loads a dynamic worker for each request.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "main", esModule = embed "workerd.mjs")],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "LOADER", workerLoader = ())],
);
