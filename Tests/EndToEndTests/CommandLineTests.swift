import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct CommandLineTests {
  @Test func `wrong use ends with 64 and says what is right`() throws {
    for arguments in [["simulate"], ["dance"], ["models", "--batch", "0"], ["worker", "x.yaml"]] {
      let command = try Command(arguments)
      #expect(command.status(within: 20) == 64, "\(arguments)")
      #expect(command.standardError.contains("Usage"))
    }
  }

  @Test func `clients that the topology doesn't have are wrong use too`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let command = try Command([
      "worker", topology, "--connect", "tcp://127.0.0.1:5701", "--clients", "0-8",
    ])
    #expect(command.status(within: 20) == 64)
    #expect(command.standardError.contains("clients 0 to 7"), "\(command.standardError)")
  }

  @Test func `a wrong topology ends with 65 and all of its faults`() throws {
    let folder = try Folder()
    let text = SmallRun.topology().replacing("clients: 8", with: "clients: -8")
      .replacing("convnet", with: "convnat").replacing("up: linear8", with: "up: linear9")
    let path = try folder.write(text + "\nseeed: 1\n", to: "wrong.yaml")
    for command in [["check", path], ["simulate", path, "--out", folder.path("run")]] {
      let command = try Command(command)
      #expect(command.status(within: 20) == 65)
      for place in ["wrong.yaml:3", "wrong.yaml:6", "wrong.yaml:21", "seeed"] {
        #expect(command.standardError.contains(place), "\(command.standardError)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  @Test func `missing files end with 65 or 69 and say which`() throws {
    for clock in ["virtual", "real"] {
      let resumed = try Command(["simulate", "--resume", "no-such-run", "--clock", clock])
      #expect(resumed.status(within: 20) == 69, "\(clock)")
      #expect(resumed.standardError.contains("no-such-run"), "\(resumed.standardError)")
      #expect(resumed.standardError.contains("no such run"), "\(resumed.standardError)")
    }
    let missing = try Command(["simulate", "no-such.yaml"])
    #expect(missing.status(within: 20) == 65)
    #expect(missing.standardError.contains("no-such.yaml"))
    let run = try Command(["report", "no-such-run"])
    #expect(run.status(within: 20) == 69)
    #expect(run.standardError.contains("no-such-run"))
  }

  @Test func `listening beyond this machine in the clear is refused`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let broker = try Command([
      "broker", topology, "--bind", "tcp://0.0.0.0:5555", "--out", folder.path("run"),
    ])
    #expect(broker.status(within: 20) == 69)
    #expect(broker.standardError.contains("--insecure"))
  }

  @Test func `a port in use ends with 69 and names the endpoint`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let first = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("first"),
    ])
    #expect(first.says("listening"))
    let second = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("second"),
    ])
    #expect(second.status(within: 20) == 69)
    #expect(second.standardError.contains(endpoint))
    first.send(SIGINT)
    #expect(first.status(within: 20) == 130)
  }

  @Test func `a worker with another topology is refused and told why`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let other = try folder.write(
      SmallRun.topology().replacing("up: linear8", with: "up: linear4"), to: "other.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"),
    ])
    let worker = try Command(["worker", other, "--connect", endpoint, "--clients", "0-7"])
    #expect(worker.status(within: 30) == 65)
    #expect(worker.standardError.contains("codecs.up: linear8 at the broker, linear4 here"))
    broker.send(SIGINT)
    #expect(broker.status(within: 20) == 130)
  }

  @Test(arguments: ["quickstart"])
  func `the topologies in the repository have no faults`(name: String) throws {
    let command = try Command(["check", "topologies/\(name).yaml"])
    #expect(command.status(within: 30) == 0, "\(command.standardError)")
    #expect(command.standardOutput.contains("fewer bytes"))
  }

  @Test func `the zoo lists the paper's parameter counts`() throws {
    let command = try Command(["models", "--json"])
    #expect(command.status(within: 60) == 0)
    struct Row: Decodable {
      var model: String
      var stage: Int
      var parameters: Int
    }
    let rows = try JSONDecoder().decode([Row].self, from: Data(command.standardOutput.utf8))
    #expect(rows.filter { $0.model == "convnet" }.map(\.parameters) == [650, 19_466, 1_199_882])
  }
}
