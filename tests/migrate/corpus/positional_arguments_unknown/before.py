from glacier.providers import AWSProvider, LocalProvider

AWSProvider("us-east-1", "staging", "123456789012", "what?")
LocalProvider("data", True)
