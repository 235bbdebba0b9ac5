import ArgumentParser
import Fleet

extension ClientRange: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
