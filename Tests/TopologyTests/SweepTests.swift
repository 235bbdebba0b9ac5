import Progressive
import Testing
import Topology

/// The runs of a sweep file, and its faults.
struct SweepTests {
  @Test func `runs come in the order of the file, each with every seed`() throws {
    let sweep = try Sweep(
      parsing: """
        topology: quickstart.yaml
        seeds: [3, 1]
        set: {rounds: 300, training.schedule: {name: cosine, floor: 0}}
        runs:
          plain: {}
          tiny: {codecs.up: eden1, stages.rounds: [4, 4, 40], name: 'it''s small'}
        """, file: "topologies/codecs.sweep.yaml")
    #expect(sweep.name == "codecs")
    #expect(sweep.topology == "topologies/quickstart.yaml")
    #expect(sweep.runs.map(\.name) == ["plain-3", "plain-1", "tiny-3", "tiny-1"])
    let common = ["rounds=300", "training.schedule={name: cosine, floor: 0}"]
    #expect(sweep.runs[0].settings == common + ["seed=3"])
    #expect(
      sweep.runs[3].settings
        == common + [
          "codecs.up=eden1", "stages.rounds=[4, 4, 40]", "name='it''s small'", "seed=1",
        ])
  }

  @Test func `a run may start from another topology, and scores have targets`() throws {
    let sweep = try Sweep(
      parsing: """
        topology: a.yaml
        targets: [0.8, 85 %]
        runs:
          one: {rounds: 3}
          two: {topology: 'my b.yaml', rounds: 4}
          three: {topology: /c.yaml}
        """, file: "topologies/sweep.yaml")
    #expect(
      sweep.runs.map(\.topology) == ["topologies/a.yaml", "topologies/my b.yaml", "/c.yaml"])
    #expect(sweep.runs[1].settings == ["rounds=4", "seed=1"])
    #expect(sweep.targets == [0.8, 0.85])
    let grid = try Sweep(
      parsing: "topology: a.yaml\ngrid: {topology: [b.yaml, c.yaml], rounds: [1, 2]}",
      file: "sweep.yaml")
    #expect(grid.runs.map(\.topology) == ["b.yaml", "b.yaml", "c.yaml", "c.yaml"])
    #expect(grid.runs[3].settings == ["rounds=2", "seed=1"])
    #expect(grid.runs[3].variant == "topology=c.yaml,rounds=2" && grid.targets.isEmpty)
  }

  @Test func `what a sweep sets is what a topology reads`() throws {
    let sweep = try Sweep(
      parsing: """
        topology: test.yaml
        runs:
          a: {stages.rounds: [4, 4, 40], rounds: 48, name: 'it''s: small', training: {batch: 7}}
        """, file: "sweep.yaml")
    let topology = try Texts.topology(
      Texts.least, Overrides(settings: try #require(sweep.runs.first).settings))
    #expect(topology.growthSchedule.rounds == [4, 4, 40])
    #expect(topology.name == "it's: small")
    #expect(topology.training.batch == 7)
  }

  @Test func `a grid has all combinations`() throws {
    let sweep = try Sweep(
      parsing: """
        name: ablation
        topology: /data/t.yaml
        grid:
          stages.each: [2, 4]
          strategy: [progressive, end-to-end]
        """, file: "sweep.yaml")
    #expect(sweep.name == "ablation")
    #expect(sweep.topology == "/data/t.yaml")
    #expect(
      sweep.runs.map(\.variant) == [
        "each=2,strategy=progressive", "each=2,strategy=end-to-end",
        "each=4,strategy=progressive", "each=4,strategy=end-to-end",
      ])
    #expect(sweep.runs[1].settings == ["stages.each=2", "strategy=end-to-end", "seed=1"])
  }

  @Test(arguments: [
    ("", "is empty"), ("runs: {a: {}}", "topology is missing"),
    ("topology: t.yaml", "neither runs nor a grid"),
    ("topology: t.yaml\nruns: [a]", "not a section of runs"),
    ("topology: t.yaml\nruns: {a/b: {}}", "no folder can have"),
    ("topology: t.yaml\nruns: {a: 3}", "not a section of settings"),
    ("topology: t.yaml\ngrid: {rounds: 3}", "not a list of values"),
    ("topology: t.yaml\ngrid: {rounds: [3, 3]}", "names two runs"),
    ("topology: t.yaml\nseeds: []\nruns: {a: {}}", "is empty or has a seed twice"),
    ("topology: t.yaml\nseeds: [1, 1]\nruns: {a: {}}", "is empty or has a seed twice"),
    ("topology: t.yaml\nsed: [1]\nruns: {a: {}}", "did you mean set?"),
    ("topology: t.yaml\nruns: {a: {}\n", "isn't YAML"),
    ("topology: t.yaml\ntargets: 0.8\nruns: {a: {}}", "not a list of scores"),
    ("topology: t.yaml\ntargets: [1.5]\nruns: {a: {}}", "write 0 % to 100 %"),
    ("topology: t.yaml\nruns: {a: {topology: [b]}}", "not a text"),
  ])
  func `faults are told with their lines`(text: String, problem: String) {
    do throws(TopologyError) {
      _ = try Sweep(parsing: text, file: "sweep.yaml")
      Issue.record("it was taken")
    } catch {
      #expect("\(error)".hasPrefix("sweep.yaml:"))
      #expect("\(error)".contains(problem), "\(error)")
    }
  }

  @Test func `a sweep in the place of a topology is told what runs it, and the other way round`() {
    for text in [
      "topology: t.yaml\nruns: {a: {rounds: 3}}", "grid: {rounds: [1]}\ntopology: t.yaml",
    ] {
      do throws(TopologyError) {
        _ = try Topology(parsing: text, file: "sweep.yaml")
        Issue.record("it was taken")
      } catch {
        #expect(error.faults.count == 1)
        #expect("\(error)".hasPrefix("sweep.yaml: is a sweep of several runs"), "\(error)")
        #expect("\(error)".contains("progfed sweep sweep.yaml"))
        #expect("\(error)".contains("the topology t.yaml"))
      }
    }
    do throws(TopologyError) {
      _ = try Sweep(parsing: Texts.least, file: "run.yaml")
      Issue.record("it was taken")
    } catch {
      #expect(error.faults.count == 1)
      #expect("\(error)".contains("is a topology of one run"), "\(error)")
      #expect("\(error)".contains("progfed simulate run.yaml"))
    }
  }

  @Test(arguments: [
    "clients: 3\nmodel: {name: convnet}\nruns: 3", "topology: t.yaml\nclients: 3", "run: {a: {}}",
  ])
  func `a topology with a key of a sweep's is told its own faults`(text: String) {
    do throws(TopologyError) {
      _ = try Topology(parsing: text, file: "run.yaml")
      Issue.record("it was taken")
    } catch {
      #expect(!"\(error)".contains("is a sweep"), "\(error)")
    }
  }
}
