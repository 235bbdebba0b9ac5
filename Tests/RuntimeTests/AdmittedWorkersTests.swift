import Foundation
import Runtime
import TestSupport
import Testing
import ZeroMQ

@Suite struct AdmittedWorkersTests {
  /// Three keys that differ.
  private static let keys = (0..<3).compactMap { number in
    CurveKey(bytes: [UInt8](repeating: UInt8(number + 1), count: 32))
  }
  private let keys = AdmittedWorkersTests.keys

  @Test func `a list is read with its comments passed over`() throws {
    let workers = try AdmittedWorkers(
      """
      # name key clients

      edge-1 \(keys[0].z85) 0-2,7
      edge_2\t\(keys[1].z85)  7 samples=500
      """, file: "list")
    #expect(
      workers.workers == [
        AdmittedWorker(name: "edge-1", key: keys[0], clients: ClientRange(of: [0, 1, 2, 7])),
        AdmittedWorker(name: "edge_2", key: keys[1], clients: ClientRange(of: [7]), samples: 500),
      ])
    #expect(workers[keys[1]]?.name == "edge_2")
    #expect(workers[keys[2]] == nil)
  }

  @Test func `a worker's line is read back as the worker`() throws {
    for samples in [nil, 12] {
      let worker = AdmittedWorker(
        name: "a.b", key: keys[0], clients: ClientRange(of: [4, 5, 9]), samples: samples)
      #expect(try AdmittedWorkers(worker.line, file: "list").workers == [worker])
    }
  }

  @Test func `all faults of a list are told, each with its line`() {
    let key = keys[0].z85
    let text = """
      edge-1 \(key) 0-2
      edge-1 \(keys[1].z85) 3
      edge-3 \(key) 4
      edge-4
      .edge \(key) 5
      edge-6 abc 6
      edge-7 \(keys[2].z85) 8-7
      edge-8 \(keys[2].z85) 8 samples=0
      """
    let error = #expect(throws: AllowListError.self) { try AdmittedWorkers(text, file: "list") }
    #expect(
      error?.faults.map(\.line) == Array(2...8))
    #expect(
      error?.faults.map(\.reason) == [
        .repeatedName("edge-1", line: 1),
        .repeatedKey(line: 1),
        .words(1),
        .name(".edge"),
        .key,
        .clients("8-7"),
        .samples("samples=0"),
      ])
    let text4 = error?.description.split(separator: "\n").dropFirst(2).first
    #expect(text4?.hasPrefix("list:4: 1 words; write NAME KEY CLIENTS") == true)
    #expect(error?.description.contains(key) == false, "a key may be a secret one")
  }

  @Test func `access goes by the key and its clients, and follows a new list`() {
    let worker = AdmittedWorker(name: "a", key: keys[0], clients: ClientRange(of: [1, 2]))
    let access = AccessControl(AdmittedWorkers([worker]))
    #expect(access.verdict(on: keys[0].z85, playing: 2) == .allowed(worker))
    #expect(access.verdict(on: keys[0].z85, playing: 3) == .notTheirs(worker))
    #expect(access.verdict(on: keys[1].z85, playing: 2) == .unknownKey)
    #expect(access.verdict(on: nil, playing: 2) == .unknownKey)
    access.admit(AdmittedWorkers([]))
    #expect(access.verdict(on: keys[0].z85, playing: 2) == .unknownKey)
  }

  @Test(arguments: ["", "-", "1-", "-1", "3-2", "1,,2", "a", "1-2-3", "10000000", "0x3"])
  func `a text that names no clients is refused`(text: String) {
    #expect(ClientRange(text) == nil)
  }

  @Test func `clients are written as short as it goes`() {
    let range = ClientRange(of: [7, 0, 1, 2, 2, 9])
    #expect(range.description == "0-2,7,9")
    #expect(range.numbers == [0, 1, 2, 7, 9])
    #expect(ClientRange("9,0-2,7")?.numbers == range.numbers)
    #expect((0..<11).filter(range.contains) == range.numbers)
    #expect(ClientRange(below: 5).numbers == [0, 1, 2, 3, 4])
  }

  @Test func `a list that a worker is added to keeps its permissions, and nothing lies beside it`()
    throws
  {
    let folder = try Folder()
    let path = folder.path("allowed")
    try AllowListFile.create(path)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let worker = AdmittedWorker(name: "a", key: keys[0], clients: ClientRange(of: [1, 2]))
    try AllowListFile.add(worker, to: path)
    #expect(try AllowListFile.read(path)[keys[0]] == worker)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["allowed"])
  }
}
