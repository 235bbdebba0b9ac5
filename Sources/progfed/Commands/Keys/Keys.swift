import ArgumentParser
import Foundation
import Runtime
import ZeroMQ

/// Makes the key pairs by which a broker and its workers know each other.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the key pairs of a broker and its workers.",
    discussion: """
      Each side keeps its .secret file to itself (mode 0600) and gives the .public one away. Workers need the \
      broker's public key, the broker an allow-list with the workers' public keys and the clients that each \
      may play. Existing keys are never overwritten.
      """,
    subcommands: [BrokerKeys.self, WorkerKeys.self])
}

/// Makes a broker's key pair and an allow-list without workers.
struct BrokerKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker", abstract: "Make a broker's key pair, and an allow-list to fill in.")

  @Option(help: "The directory for broker.secret, broker.public and allow.list.")
  var out: String

  func run() throws {
    try Exit.reporting {
      let pair = try CurveKeyPair.generate()
      let files = try KeyFile.write(pair, name: "broker", of: "the broker", in: out)
      let list = URL(fileURLWithPath: out).appending(path: "allow.list").path(percentEncoded: false)
      if !FileManager.default.fileExists(atPath: list) { try AllowListFile.create(list) }
      print(
        """
        \(files.secret): keep it here; progfed broker … --keys \(files.secret) --allow \(list)
        \(files.public): give it to the workers; progfed worker … --broker-key \(files.public)
        \(list): add a line for each worker
        """)
    }
  }
}

/// Makes a worker's key pair and its line of the allow-list.
struct WorkerKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Make a worker's key pair and its line of the allow-list.",
    discussion: """
      Best run where the worker will be, so that its secret never travels; the line that it prints goes to \
      the broker's owner.
      """)

  @Argument(help: "What to call the worker: letters, digits, '-', '_' and '.'.")
  var name: String

  @Option(help: "The clients that it may play: numbers from 0 and ranges, as in 0-49 or 3,7,10-12.")
  var clients: ClientRange

  @Option(
    help: "The most samples that each of these clients may have; any number if this isn't said.")
  var samples: Int?

  @Option(help: "The directory for NAME.secret and NAME.public.")
  var out: String

  @Option(help: "An allow-list to add the line to; otherwise it is only printed.")
  var allow: String?

  func validate() throws {
    guard AdmittedWorkers.isName(name) else {
      throw ValidationError("\(name): use up to 64 letters, digits, '-', '_' and '.' for a name")
    }
    guard name != "broker" else {
      throw ValidationError("broker: the name of the broker's own files; choose another")
    }
    if let samples, !(1..<1 << 48).contains(samples) {
      throw ValidationError("--samples \(samples): give a number above 0 and below 2^48")
    }
  }

  func run() throws {
    try Exit.reporting {
      let pair = try CurveKeyPair.generate()
      let worker = AdmittedWorker(
        name: name, key: pair.publicKey, clients: clients, samples: samples)
      // First what can be refused for its contents: no keys are left behind then.
      if let allow {
        if !FileManager.default.fileExists(atPath: allow) { try AllowListFile.create(allow) }
        let known = try AllowListFile.read(allow)
        guard !known.workers.contains(where: { $0.name == name }) else {
          throw KeyFileError.exists(path: "\(name) in \(allow)")
        }
      }
      let files = try KeyFile.write(pair, name: name, of: "worker \(name)", in: out)
      if let allow { try AllowListFile.add(worker, to: allow) }
      print(worker.line)
      Terminal.note("\(files.secret): progfed worker … --keys \(files.secret) --broker-key …")
      if let allow {
        Terminal.note("\(allow): has the line now; send a running broker SIGHUP")
      } else {
        Terminal.note("the line above goes into the broker's allow-list")
      }
    }
  }
}
