from glacier import Provider
from glacier.config import AwsConfig

x = Provider(config=AwsConfig(  region="us-east-1" ,profile = "a" ))
y = [ Provider(config=AwsConfig( region= "us-east-1")) , (Provider(config=AwsConfig(region="eu-central-1"))), Provider(config=AwsConfig(region="eu-west-1",)),
      ]
z = lambda r : Provider(config=AwsConfig(region=r)) . bucket( "b" , "p" )
if (w := Provider(config=AwsConfig(region="us-east-1"))): w.bucket(bucket_name="lake", path="x.csv", format="csv"); print(w)
