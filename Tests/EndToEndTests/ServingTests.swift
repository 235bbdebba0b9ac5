import Foundation
import TestSupport
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What `--serve` answers while a run goes on.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ServingTests {
  private final class Answer: @unchecked Sendable {
    // SAFETY: written before the semaphore is signalled, read after.
    var status = 0
    var body = ""
  }

  private func answer(
    _ address: String, method: String = "GET", host: String? = nil
  ) throws -> (status: Int, body: String) {
    var request = URLRequest(url: try #require(URL(string: address)), timeoutInterval: 20)
    request.httpMethod = method
    if let host { request.setValue(host, forHTTPHeaderField: "Host") }
    let (answer, ended) = (Answer(), DispatchSemaphore(value: 0))
    URLSession.shared.dataTask(with: request) { data, response, _ in
      answer.status = (response as? HTTPURLResponse)?.statusCode ?? 0
      answer.body = String(decoding: data ?? Data(), as: UTF8.self)
      ended.signal()
    }.resume()
    ended.wait()
    return (answer.status, answer.body)
  }

  @Test func `a run in real time says who is there, to programs, browsers and Prometheus`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[2, 2, 200]"), to: "small.yaml")
    let port = try freePorts()
    let run = try Command([
      "simulate", topology, "--clock", "real", "--out", folder.path("run"), "--serve",
      "127.0.0.1:\(port)",
    ])
    #expect(run.says("round 1/204"), "\(run.standardError)")
    let status = try answer("http://127.0.0.1:\(port)/status.json")
    #expect(status.status == 200 && status.body.contains("\"present\":8"), "\(status)")
    let metrics = try answer("http://127.0.0.1:\(port)/metrics").body
    #expect(metrics.contains("\nprogfed_clients_present 8\n"), "\(metrics)")
    #expect(metrics.contains("# TYPE progfed_worker_clients gauge"))
    run.send(SIGINT)
    #expect(run.status(within: 30) == 130, "\(run.standardError)")
  }

  @Test func `a run can be looked at while it goes on, and can't be changed`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[2, 2, 200]"), to: "small.yaml")
    let port = try freePorts()
    let run = try Command([
      "simulate", topology, "--out", folder.path("run"), "--serve", "127.0.0.1:\(port)",
    ])
    #expect(run.says("serving at http://127.0.0.1:\(port)/"), "\(run.standardError)")
    #expect(run.says("round 3/204"), "\(run.standardError)")
    let address = "http://127.0.0.1:\(port)"
    #expect(try answer("\(address)/").body.contains("EventSource"))
    #expect(try answer("\(address)/metrics").body.contains("\n# TYPE progfed_round gauge\n"))
    #expect(try answer("\(address)/health").body.contains("\"run\":\"running\""))
    let summary = try SmallRun.summary(try answer("\(address)/summary.json").body)
    #expect(summary.rounds.count >= 3)
    #expect(try answer("\(address)/status.json").status == 404, "virtual time has no workers")
    #expect(try answer("\(address)/", method: "POST").status == 405)
    #expect(try answer("\(address)/run.sqlite").status == 404)
    #expect(try answer("\(address)/", host: "evil.example").status == 403)

    let second = try Command([
      "simulate", topology, "--out", folder.path("second"), "--serve", "127.0.0.1:\(port)",
    ])
    #expect(second.status(within: 30) == 69)
    #expect(second.standardError.contains("127.0.0.1:\(port)"))
    let open = try Command([
      "simulate", topology, "--out", folder.path("open"), "--serve", "0.0.0.0:\(port)",
    ])
    #expect(open.status(within: 30) == 69)
    #expect(open.standardError.contains("--serve-insecure"))
    run.send(SIGINT)
    #expect(run.status(within: 30) == 130, "\(run.standardError)")
  }

  @Test func `a flood of idle clients of the page doesn't end a run`() throws {
    allowAllDescriptors()
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 60]"), to: "tiny.yaml")
    let port = try freePorts()
    let page = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command(
      [
        "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--serve",
        "127.0.0.1:\(page)",
      ], within: ["sh", "-c", "ulimit -n 1024; exec \"$0\" \"$@\""])
    let worker = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-3"])
    #expect(broker.says("round 1/62"), "\(broker.standardError)")
    let idle = (0..<1200).compactMap { _ in RawPeer(to: page) }
    #expect(idle.count == 1200)
    // Heads that never end, and one of a megabyte.
    for peer in idle.suffix(20) { _ = peer.send(Array("GET / HTTP/1.1\r\nX: y".utf8)) }
    let long = RawPeer(to: page)
    _ = long?.send([UInt8](repeating: 65, count: 1 << 20))
    #expect(try answer("http://127.0.0.1:\(page)/health").body.contains("\"run\":\"running\""))
    #expect(try #require(broker.descriptorCount) < 400)
    #expect(worker.status(within: 90) == 0, "\(worker.standardError)")
    #expect(broker.status(within: 30) == 0, "\(broker.standardError)")
    withExtendedLifetime(idle) {}
  }
}
