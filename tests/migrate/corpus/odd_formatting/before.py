from glacier.providers import  AWSProvider as  P

x = P (  "us-east-1" ,profile = "a" )
y = [ P( region= "us-east-1") , (P("eu-central-1")), P("eu-west-1",),
      ]
z = lambda r : P(region=r) . bucket_source( "b" , "p" )
if (w := P("us-east-1")): w.bucket_source(bucket="lake", path="x.csv", format="csv"); print(w)
