"""Amazon Bedrock: Claude by InvokeModel, every other model by Converse, both in AWS's frames."""
