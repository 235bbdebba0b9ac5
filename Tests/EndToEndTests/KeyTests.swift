import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct KeyTests {
  private let folder: Folder
  private let keys: String

  init() throws {
    folder = try Folder()
    keys = folder.path("keys")
    #expect(try run("keys", "broker", "--out", keys).status == 0)
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? NSNumber).intValue
  }

  private func run(_ arguments: String...) throws -> (status: Int32?, out: String, error: String) {
    let command = try Command(arguments)
    let status = command.status(within: 20)
    return (status, command.standardOutput, command.standardError)
  }

  private func broker(_ options: String...) throws -> Command {
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    return try Command(["broker", topology, "--out", folder.path("run")] + options)
  }

  @Test func `keys are made with modes that keep secrets, and never overwritten`() throws {
    let list = "\(keys)/allow.list"
    let made = try run(
      "keys", "worker", "edge-1", "--clients", "0-3", "--out", keys, "--allow", list)
    #expect(made.status == 0, "\(made.error)")
    #expect(try mode(keys) == 0o700)
    for name in ["broker", "edge-1"] {
      #expect(try mode("\(keys)/\(name).secret") == 0o600)
      #expect(try mode("\(keys)/\(name).public") == 0o644)
    }
    let listed = try String(contentsOfFile: list, encoding: .utf8)
    #expect(listed.hasSuffix(made.out) && made.out.hasPrefix("edge-1 "))

    let secret = try String(contentsOfFile: "\(keys)/edge-1.secret", encoding: .utf8)
    let other = folder.path("other")
    for again in [
      try run("keys", "worker", "edge-1", "--clients", "4", "--out", keys),
      try run("keys", "worker", "edge-1", "--clients", "4", "--out", other, "--allow", list),
    ] {
      #expect(again.status == 69)
      #expect(again.error.contains("already"), "\(again.error)")
    }
    #expect(try String(contentsOfFile: "\(keys)/edge-1.secret", encoding: .utf8) == secret)
    #expect(try String(contentsOfFile: list, encoding: .utf8) == listed)
    #expect(!FileManager.default.fileExists(atPath: other))
  }

  @Test func `a secret that others can read isn't used`() throws {
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: "\(keys)/broker.secret")
    let broker = try broker(
      "--bind", "tcp://127.0.0.1:5555", "--keys", "\(keys)/broker.secret", "--allow",
      "\(keys)/allow.list")
    #expect(broker.status(within: 20) == 65)
    #expect(broker.standardError.contains("chmod 600"))
  }

  @Test func `the halves of a pair can't be taken for each other`() throws {
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    for (own, broker, complaint) in [
      ("broker.public", "broker.public", ".secret file is wanted"),
      ("broker.secret", "broker.secret", ".public file is wanted"),
      ("allow.list", "broker.public", "not a key file"),
      ("missing", "broker.public", "no such file"),
    ] {
      let worker = try run(
        "worker", topology, "--connect", "tcp://127.0.0.1:5555", "--clients", "0", "--keys",
        "\(keys)/\(own)", "--broker-key", "\(keys)/\(broker)")
      #expect(worker.status == 65, "\(own)")
      #expect(worker.error.contains(complaint), "\(worker.error)")
    }
  }

  @Test func `all that is wrong with an allow-list is told with its line`() throws {
    let good = try run("keys", "worker", "one", "--clients", "0-3", "--out", keys).out
    let key = good.split(separator: " ")[1]
    let list = try folder.write(
      """
      # comment
      \(good)two words
      three abc 0-3
      fo/ur \(key) 1
      five \(key) 9-3
      one \(key) 1
      six \(key) 1 many

      """, to: "faulty.list")
    let broker = try broker(
      "--bind", "tcp://127.0.0.1:5555", "--keys", "\(keys)/broker.secret", "--allow", list)
    #expect(broker.status(within: 20) == 65)
    let said = broker.standardError
    for line in 3...8 { #expect(said.contains("faulty.list:\(line): "), "\(said)") }
    #expect(!said.contains(key), "it might be a secret key, put into the wrong file")
  }

  @Test(arguments: ["0.0.0.0", "*", "10.0.0.1", "[::]"])
  func `nothing but loopback is bound in the clear`(host: String) throws {
    let broker = try broker("--bind", "tcp://\(host):5555")
    #expect(broker.status(within: 20) == 69)
    #expect(broker.standardError.contains("--insecure"), "\(broker.standardError)")
    #expect(broker.standardError.contains("--keys"))
  }

  @Test func `a name that only looks like loopback isn't taken for it`() throws {
    let broker = try broker("--bind", "tcp://127.no-such.invalid:5555")
    #expect(broker.status(within: 20) == 69)
    #expect(broker.standardError.contains("doesn't resolve"), "\(broker.standardError)")
  }
}
